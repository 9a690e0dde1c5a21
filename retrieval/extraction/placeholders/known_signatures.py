"""Lists the parameters of functions that many test suites call.

A name is all that a call shows, so only names with one usual meaning are here. ``-`` is a parameter
that says nothing. ``expected`` stands for the value that is compared with the other argument.
"""

from __future__ import annotations

from functools import cache
from typing import Final

__all__ = ["known_parameters"]

# name: parameters; the last one repeats if it ends in "...".
_PYTHON: Final = """
abort: status_code; abs: number; add_argument: option; add_cycle: cycle_nodes;
add_edge: source_node target_node; add_edges_from: edges; add_node: node; add_nodes_from: nodes;
add_patch: patch; add_path: path_nodes; add_star: star_nodes; add_subplot: rows columns index;
add_weighted_edges_from: weighted_edges; addTypeEqualityFunc: type;
all_close: - expected rtol atol; allclose: - expected rtol atol;
almost_equal: - expected decimal; annotate: text; append: item; approx: expected rel abs;
arange: start stop step; array_equal: - expected; array_split: array sections;
assert_: - message; assert_allclose: - expected rtol atol;
assert_almost_equal: - expected decimal; assert_any_call: expected_argument...;
assert_approx_equal: - expected significant_digits;
assert_array_almost_equal: - expected decimal;
assert_array_almost_equal_nulp: - expected max_ulp; assert_array_equal: - expected;
assert_array_less: - upper_bound; assert_array_max_ulp: - expected max_ulp;
assert_called_once_with: expected_argument...; assert_called_with: expected_argument...;
assert_equal: - expected message; assert_func_equal: - expected rtol;
assert_in: expected container; assert_is: - expected; assert_raises: error function argument;
assert_raises_regex: error expected_error; assert_string_equal: - expected;
assert_warns: warning function argument; assertAlmostEqual: - expected places message;
assertAlmostEquals: - expected places message;
assertContains: response expected count status_code message;
assertCountEqual: - expected message; assertDictEqual: - expected message;
assertEqual: - expected message; assertEquals: - expected message; assertFalse: - message;
assertGreater: - expected message; assertGreaterEqual: - expected message;
assertIn: expected container message; assertInHTML: expected_html html count;
assertIs: - expected message; assertIsInstance: - type message; assertIsNone: - message;
assertJSONEqual: - expected_json; assertLess: - expected message;
assertLessEqual: - expected message; assertListEqual: - expected message;
assertLogs: logger level; assertMultiLineEqual: - expected message;
assertNotContains: response unexpected status_code; assertNotEqual: - unexpected message;
assertNotIn: unexpected container message; assertNumQueries: query_count;
assertQuerysetEqual: - expected; assertRaises: error function argument;
assertRaisesMessage: error expected_error; assertRaisesRegex: error expected_error;
assertRedirects: response expected_url status_code; assertRegex: - expected_pattern message;
assertSequenceEqual: - expected message; assertSetEqual: - expected message;
assertTemplateNotUsed: response template_name; assertTemplateUsed: response template_name;
assertTrue: - message; assertTupleEqual: - expected message;
assertWarnsRegex: warning expected_warning; astype: dtype; axhline: y; axhspan: bottom top;
axvline: x; axvspan: left right; b64decode: text; b64encode: content;
balanced_tree: branching height; barbell_graph: clique_size path_length; bind: address;
binom: n k; binomial: n p; Blueprint: blueprint; butter: order cutoff; bytes: size;
BytesIO: content; casefold: text; check_call: command; check_output: command;
choice: choices size; chr: code_point; Circle: center radius; clip: - lower upper; comb: n k;
compile: pattern flags; complete_bipartite_graph: node_count other_node_count;
complete_graph: node_count; connect: address; ContentFile: content name; count: item;
create_engine: database_url; cross: left right; css: selector; curve_fit: function x y;
cycle_graph: node_count; date: year month day;
datetime: year month day hour minute second microsecond; decode: encoding errors;
default_rng: seed; defer: field...; degree: node; delattr: object attribute; delenv: variable;
delete: url; diag: diagonal offset; diags: diagonals offsets; dot: left right; dtype: type;
empty: shape dtype; empty_graph: node_count; encode: encoding errors; endswith: suffix;
environ: variable; errorhandler: error; execute: statement parameters;
executemany: statement rows; executescript: script; exp: exponent; expand_dims: array axis;
expandtabs: size; extend: items; eye: size columns; factorial: number; fail: message;
fetchmany: count; figure: size; fill: selector text; filterwarnings: action message; find: item;
find_all: tag; find_element: strategy selector; find_elements: strategy selector;
firwin: tap_count cutoff; fit: training_data training_target; fixture: name; format: value;
from_bytes: content byte_order; from_dict: values; fromhex: text; fromisoformat: text;
fromstring: text; fromtimestamp: timestamp; full: shape fill_value dtype;
fullmatch: pattern text; gammaln: number; get: key default; get_by_label: label;
get_by_placeholder: placeholder_text; get_by_role: role; get_by_test_id: test_id;
get_by_text: text; get_cmap: colormap; get_model: model; getattr: object attribute default;
getenv: variable default; getfixturevalue: fixture; getLogger: logger; getoption: option;
gnp_random_graph: node_count probability seed; goto: url; grid_2d_graph: rows columns;
has_edge: source_node target_node; has_node: node; hasattr: object attribute; head: url;
hilbert: size; hist: values bins; identity: size; import_module: module; importorskip: module;
imread: path; imshow: image; index: item; insert: position item; integers: low high size;
interp1d: x y; isclose: - expected rtol atol; isinstance: - type; joinpath: path_part...;
json: payload; kron: left right; legend: labels; Line2D: x y; linspace: start stop count;
listen: port; literal_eval: expression; ljust: width filler; loads: text; loadtxt: path;
locator: selector; logspace: start stop count; lollipop_graph: clique_size path_length;
lstrip: characters; make_classification: sample_count; makedirs: path mode; makepyfile: source;
match: pattern text; minimize: function start_values; mkdir: name;
moveaxis: array source destination; NamedTemporaryFile: mode; neighbors: node;
normal: mean deviation size; object: object attribute replacement; ones: shape dtype;
only: field...; open: path mode; ord: character; order_by: field...; outer: left right;
pad: array width mode; partition: separator; patch: patch_target replacement;
path_graph: node_count; percentile: array percentage; permutation: size; plot: x y style;
poisson: rate size; pop: key default; Popen: command; post: url payload; pow: base exponent;
predecessors: node; predict: data; prefetch_related: relation...; print: message;
put: url payload; quad: function lower upper; quantile: array fraction; rand: size...;
randint: low high size; randn: size...; random: size; random_sample: size; RandomState: seed;
range: start stop step; re: pattern; read: size; Rectangle: corner width height;
remove_edge: source_node target_node; remove_edges_from: edges; remove_node: node;
remove_nodes_from: nodes; removeprefix: prefix; removesuffix: suffix;
render_to_string: template_name; repeat: array repeats axis; replace: old new count;
Request: method url; request: method url; reshape: shape...; resize: shape...;
Response: status_code; reverse: view_name; rfind: item; rindex: item; rjust: width filler;
roll: array shift axis; round: number digits; route: path; rsplit: separator; rstrip: characters;
runpytest: arguments; safe_load: text; savefig: path; search: pattern text; seed: seed;
SeedSequence: seed; seek: offset; select_one: selector; select_related: relation...;
send: message; set_aspect: aspect; set_cmap: colormap; set_color: color;
set_cookie: cookie value; set_facecolor: color; set_label: label; set_linewidth: width;
set_markersize: size; set_title: title; set_trace: header; set_xlabel: label;
set_xlim: left right; set_xticks: ticks; set_ylabel: label; set_ylim: bottom top;
set_yticks: ticks; setattr: object attribute value; setdefault: key default;
setenv: variable value; simplefilter: action; SimpleUploadedFile: name content content_type;
skip: reason; skipIf: condition reason; skipif: condition reason; skipUnless: condition reason;
sleep: seconds; solve_ivp: function time_span start_values; sorted: items; split: separator;
sqrt: number; standard_normal: size; star_graph: node_count; startswith: prefix;
stream: method url; strftime: format; StringIO: text; strip: characters; strptime: text format;
sub: pattern replacement text; subplot: rows columns index; subplots: rows columns;
subTest: message; successors: node; swapaxes: array axis other_axis; takewhile: condition items;
Template: template; tick_params: axis; tile: array repetitions;
timedelta: days seconds microseconds milliseconds minutes hours; to_bytes: length byte_order;
toeplitz: column row; transpose: axes...; tri: rows columns; truncate: size;
uniform: low high size; url_for: endpoint; usefixtures: fixture; values: field...;
values_list: field...; vander: points columns; view: dtype; warn: warning category;
warns: warning; wheel_graph: node_count; write: text; write_bytes: content;
write_text: text encoding; writelines: lines; xfail: reason; xlabel: label; xpath: selector;
ylabel: label; zeros: shape dtype; zfill: width
"""

_JAVASCRIPT: Final = """
a: expected_type message; above: lower_bound; addClass: class_name; addEventListener: event;
addOrderBy: field direction; addSelect: field alias; advanceTimersByTime: milliseconds;
alloc: size; an: expected_type message; andWhere: condition parameters; append: text;
appendChild: child; as: alias; assert: - message; at: index; attr: attribute value;
attribute: attribute expected_value; below: upper_bound; Blob: content; body: body;
call: target argument...;
calledWith: expected_argument...; charAt: index; charCodeAt: index; check: selector;
click: selector; closest: selector; closeTo: expected tolerance; concat: item; contains: text;
cookie: cookie value; createElement: tag; createEvent: event; createHash: algorithm;
createQueryBuilder: entity alias; createTextNode: text; css: selector; CustomEvent: event;
Date: year month day hour minute second millisecond; deepEqual: - expected message;
deepStrictEqual: - expected message; delay: milliseconds; delete: key; digest: encoding;
dispatch: action; dispatchEvent: event; doesNotMatch: - unexpected_pattern; emit: event payload;
encode: text; endsWith: suffix; env: variable; eq: expected; eq_: expected; eql: expected;
equal: - expected message; equals: - expected message; error: message; Event: event;
exec: command; execSync: command; existsSync: path; fail: message; fetch: url;
File: content file_name; fill: selector text; find: selector; fireEvent: element event;
FocusEvent: event; format: format;
from: items; get: key; getAttribute: attribute; getByAltText: alt_text;
getByDisplayValue: display_value; getByLabel: label; getByLabelText: label;
getByPlaceholder: placeholder_text; getByPlaceholderText: placeholder_text; getByRole: role;
getByTestId: test_id; getByText: text; getByTitle: title; getCookie: cookie;
getElementById: element_id; getElementsByClassName: class_name; getElementsByTagName: tag;
getItem: key; goto: url; groupBy: field; has: key; hasAttribute: attribute; hasClass: class_name;
hasOwnProperty: property; having: condition; head: url; header: header value; html: markup;
ifError: - message; include: expected; includes: item; indexOf: item; inject: request;
innerJoin: relation alias condition; innerJoinAndMapMany: property relation alias condition;
innerJoinAndSelect: relation alias condition; InputEvent: event; intercept: method url;
is: - expected message; its: property; join: separator path_part...; JSDOM: markup;
json: body status; key: key; keyboard: keys; KeyboardEvent: event; keys: expected;
lastIndexOf: item; leftJoin: relation alias condition;
leftJoinAndMapMany: property relation alias condition;
leftJoinAndSelect: relation alias condition; lengthOf: expected_length; like: - expected message;
limit: count; listen: port; localeCompare: text; location: property; locator: selector;
log: message; match: expected_pattern; matches: selector; members: expected; mkdirSync: path;
mock: module; mockImplementation: implementation; mockRejectedValue: mocked_error;
mockRejectedValueOnce: mocked_error; mockResolvedValue: mocked_value;
mockResolvedValueOnce: mocked_value; mockReturnValue: mocked_value;
mockReturnValueOnce: mocked_value; MouseEvent: event; not: - unexpected message;
notDeepEqual: - unexpected message; notEqual: - unexpected message;
notStrictEqual: - unexpected message; nth: index; ok: - message; on: event; once: event;
onceWith: expected_argument...; options: url; orderBy: field direction;
orWhere: condition parameters; padEnd: length filler; padStart: length filler; parse: text;
parseInt: text radix; paste: pasted_text; patch: url body; pipe: target; plan: assertion_count;
pointer: pointer_actions;
PointerEvent: event; post: url body; press: key; prop: property;
property: property expected_value; push: item; put: url body; query: query parameters;
querySelector: selector; querySelectorAll: selector; readFile: path encoding;
readFileSync: path encoding; redirect: url; register: name; reject: reason;
rejectedWith: expected_error; rejects: - expected_error; removeClass: class_name; repeat: count;
replace: old new; replaceAll: old new; request: url; Request: url; require: module;
resolve: value; Response: body; route: path; same: - expected message; sameElements: - expected;
screenshot: path; scrollTo: position; search: query; select: field; selectFile: path;
deselectOptions: element option; invoke: method argument...; selectOption: selector option;
selectOptions: element option; send: body; set: key value; setAttribute: attribute value;
setHeader: header value; setInterval: - milliseconds; setItem: key value;
setProperty: property value; setRequestHeader: header value; setSystemTime: time;
setTimeout: - milliseconds; setViewportSize: size; simulate: event; skip: count;
slice: start end; spawn: command; split: separator; spyOn: object method; startOf: unit;
startsWith: prefix; status: status; strictEqual: - expected message;
strictSame: - expected message; stub: object method; stubEnv: variable value;
stubGlobal: global value; substring: start end; take: count; task: task argument; text: text;
throw: expected_error; throws: - expected_error; tick: milliseconds; timeout: milliseconds;
toBe: expected; toBeCloseTo: expected precision; toBeGreaterThan: lower_bound;
toBeGreaterThanOrEqual: lower_bound; toBeInstanceOf: expected_class; toBeLessThan: upper_bound;
toBeLessThanOrEqual: upper_bound; toBeTypeOf: expected_type; toContain: expected;
toContainEqual: expected; toContainText: expected_text; toEqual: expected;
toEqualTypeOf: expected_type; toFixed: digits; toggleClass: class_name;
toHaveAccessibleName: expected_name; toHaveAttribute: attribute expected_attribute;
toHaveBeenCalledTimes: expected_calls; toHaveBeenCalledWith: expected_argument...;
toHaveBeenLastCalledWith: expected_argument...;
toHaveBeenNthCalledWith: call_number expected_argument...; toHaveClass: expected_class;
toHaveCount: expected_count; toHaveCSS: css_property expected_css; toHaveFocus: element;
toHaveLength: expected_length; toHaveProperty: property expected_property;
toHaveReturnedWith: expected_return; toHaveStyle: expected_style; toHaveText: expected_text;
toHaveTextContent: expected_text; toHaveTitle: expected_title; toHaveURL: expected_url;
toHaveValue: expected_value; toMatch: expected_pattern; toMatchInlineSnapshot: expected_snapshot;
toMatchObject: expected; toMatchSnapshot: snapshot_name; toStrictEqual: expected;
toString: radix; toThrow: expected_error; toThrowError: expected_error;
toThrowErrorMatchingInlineSnapshot: expected_error; trigger: event; type: typed_text...;
upload: element file; use: path;
useFakeTimers: timers; userAgent: user_agent; viewport: width height; viewportSize: width height;
visit: url; visitUrl: url; wait: milliseconds; waitFor: selector; waitForSelector: selector;
waitForTimeout: milliseconds; waitForURL: url; where: condition parameters;
within: minimum maximum; wrap: value; write: text; writeFile: path content;
writeText: copied_text; writeFileSync: path content; xpath: selector
"""


_JAVA: Final = """
as: description; assertArrayEquals: expected - message; assertEquals: expected - message;
assertFalse: - message; assertInstanceOf: expected_type; assertNotEquals: unexpected - message;
assertSame: expected - message; assertThrows: expected_error - message; assertTrue: - message;
charAt: index; concat: text; contains: expected...; containsEntry: expected_key expected_value;
containsExactly: expected...; containsExactlyInAnyOrder: expected...; containsKey: expected_key;
containsOnly: expected...; doReturn: mocked_value; endsWith: suffix; equals: other; fail: message;
format: format; get: key; getOrDefault: key default; hasMessage: expected_message;
hasMessageContaining: expected_message; hasSize: expected_size; header: header value;
indexOf: item; is: expected; isCloseTo: expected; isEqualTo: expected; isGreaterThan: lower_bound;
isInstanceOf: expected_type; isLessThan: upper_bound; isNotEqualTo: unexpected;
jsonPath: json_path; matches: expected_pattern; parseInt: digits; post: url; put: key value;
replace: old new; setProperty: property value; sleep: milliseconds; split: separator;
startsWith: prefix; substring: start end; thenReturn: mocked_value; thenThrow: mocked_error;
times: expected_calls; toString: radix; withMessage: message
"""

_GO: Final = """
Contains: - part expected_part; Equal: - expected; EqualError: - expected_error;
ErrorContains: - expected_error; Errorf: format; Error: message; Fatal: message;
Fatalf: format; HasPrefix: text prefix; HasSuffix: text suffix; Itoa: number;
Len: - - expected_length; JSONEq: - expected_json; Join: - separator; Log: message;
Logf: format; MustCompile: pattern; New: message; NewReader: text; NewRequest: method url body;
Open: path; Repeat: text count; Replace: text old new; Run: subtest; Set: key value;
Setenv: variable value; Skip: reason; Skipf: format; Sleep: duration; Split: text separator;
Sprintf: format; WriteString: text; WriteFile: path content
"""
_TABLES: Final = {"go": _GO, "java": _JAVA, "python": _PYTHON}


def known_parameters(name: str, language: str) -> tuple[str, ...]:
    """Returns the parameters of a well-known function, or an empty tuple."""
    return _table(language).get(name, ())


@cache
def _table(language: str) -> dict[str, tuple[str, ...]]:
    entries = _TABLES.get(language, _JAVASCRIPT).replace("\n", " ").split(";")
    named = (entry.partition(":") for entry in entries)
    return {name.strip(): tuple(parameters.split()) for name, _, parameters in named}
