// Counts the tests of JUnit 4 and 5 in each file, from the syntax trees of javac.
// Usage: java CountJavaTests.java FOLDER   (prints a JSON object: path -> ["Class.method", ...])

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;

public class CountJavaTests {
  static final Set<String> TESTS =
      Set.of("Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "Theory",
          "CartesianTest", "RetryingTest");

  public static void main(String[] arguments) throws Exception {
    var root = Path.of(arguments[0]);
    var counts = new TreeMap<String, List<String>>();
    var compiler = ToolProvider.getSystemJavaCompiler();
    var manager = compiler.getStandardFileManager(d -> {}, null, null);
    List<Path> files;
    try (var walk = Files.walk(root)) {
      files = walk.filter(p -> p.toString().endsWith(".java") && !p.toString().contains("/build/"))
          .collect(Collectors.toList());
    }
    for (var file : files) {
      var task = (JavacTask) compiler.getTask(
          null, manager, d -> {}, null, null, manager.getJavaFileObjects(file));
      for (var unit : task.parse()) {
        var found = new ArrayList<String>();
        if (importsJUnit(unit)) {
          for (var type : unit.getTypeDecls()) {
            if (type instanceof ClassTree) visit((ClassTree) type, null, "", found);
          }
        }
        if (!found.isEmpty()) counts.put(root.relativize(file).toString(), found);
      }
    }
    System.out.println(counts.entrySet().stream()
        .map(e -> '"' + e.getKey() + "\":[" + e.getValue().stream()
            .map(n -> '"' + n + '"').collect(Collectors.joining(",")) + "]")
        .collect(Collectors.joining(",", "{", "}")));
  }

  static boolean importsJUnit(CompilationUnitTree unit) {
    return unit.getImports().stream().map(ImportTree::getQualifiedIdentifier).map(Tree::toString)
        .anyMatch(n -> n.startsWith("org.junit") && !n.startsWith("org.junit.Assert"));
  }

  static boolean has(List<? extends AnnotationTree> annotations, Set<String> names) {
    return annotations.stream().map(a -> a.getAnnotationType().toString())
        .anyMatch(n -> names.contains(n.substring(n.lastIndexOf('.') + 1)));
  }

  static void visit(ClassTree type, ClassTree outer, String above, List<String> found) {
    var modifiers = type.getModifiers();
    boolean isInner = outer != null && type.getKind() == Tree.Kind.CLASS
        && !modifiers.getFlags().contains(Modifier.STATIC)
        && outer.getKind() != Tree.Kind.INTERFACE;
    if (isInner && !has(modifiers.getAnnotations(), Set.of("Nested"))) return;
    if (!isInner && outer != null && modifiers.getFlags().contains(Modifier.PRIVATE)) return;
    String name = above + type.getSimpleName();
    for (var member : type.getMembers()) {
      if (member instanceof ClassTree) visit((ClassTree) member, type, name + ".", found);
      if (member instanceof MethodTree) {
        var method = (MethodTree) member;
        var flags = method.getModifiers().getFlags();
        var annotations = method.getModifiers().getAnnotations();
        boolean isVoid = String.valueOf(method.getReturnType()).equals("void");
        boolean isFactory = has(annotations, Set.of("TestFactory"));
        if (has(annotations, TESTS) && isVoid != isFactory
            && !flags.contains(Modifier.PRIVATE) && !flags.contains(Modifier.STATIC)) {
          found.add(name + "." + method.getName());
        }
      }
    }
  }
}
