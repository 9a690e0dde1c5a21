// Counts the functions that `go test -list .` lists, from the syntax trees of go/parser, whatever
// the build constraints of their files. Usage: go run count_go_tests.go FOLDER
package main

import (
	"encoding/json"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

func isTest(name, prefix string) bool {
	rest, found := strings.CutPrefix(name, prefix)
	first, _ := utf8.DecodeRuneInString(rest)
	return found && (rest == "" || !unicode.IsLower(first))
}

func takes(function *ast.FuncDecl, name string) bool {
	kind := function.Type
	if kind.Results != nil && len(kind.Results.List) > 0 || kind.TypeParams != nil {
		return false
	}
	if kind.Params.List == nil || len(kind.Params.List) != 1 || len(kind.Params.List[0].Names) > 1 {
		return false
	}
	pointer, ok := kind.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	if ident, ok := pointer.X.(*ast.Ident); ok {
		return ident.Name == name
	}
	selector, ok := pointer.X.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == name
}

func main() {
	root := os.Args[1]
	counts := map[string][]string{}
	filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil
		}
		below, _ := filepath.Rel(root, path)
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil {
				continue
			}
			name := function.Name.Name
			is := isTest(name, "Test") && takes(function, "T") ||
				isTest(name, "Benchmark") && takes(function, "B") ||
				isTest(name, "Fuzz") && takes(function, "F")
			if is {
				counts[below] = append(counts[below], name)
			}
		}
		for _, example := range doc.Examples(file) {
			if example.Output != "" || example.EmptyOutput {
				counts[below] = append(counts[below], "Example"+example.Name)
			}
		}
		return nil
	})
	json.NewEncoder(os.Stdout).Encode(counts)
}
