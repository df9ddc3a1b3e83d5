/// The public attributes of Python's types: a name among them is a method, never a member of that name.
enum PythonAttributes {
    /// Written by `dir()` of CPython 3.11 (`Tests/Fixtures/ChatTemplates/README.md`).
    private static let names: [String: Set<String>] = [
        "str": [
            "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
            "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
            "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower",
            "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex",
            "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
            "title", "translate", "upper", "zfill",
        ],
        "Markup": [
            "capitalize", "casefold", "center", "count", "encode", "endswith", "escape", "expandtabs", "find",
            "format", "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
            "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust",
            "lower", "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind",
            "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
            "striptags", "swapcase", "title", "translate", "unescape", "upper", "zfill",
        ],
        "list": [
            "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
        ],
        "tuple": [
            "count", "index",
        ],
        "dict": [
            "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
        ],
        "int": [
            "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "imag",
            "numerator", "real", "to_bytes",
        ],
        "bool": [
            "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "imag",
            "numerator", "real", "to_bytes",
        ],
        "float": [
            "as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real",
        ],
        "range": [
            "count", "index", "start", "step", "stop",
        ],
        "dict_keys": [
            "isdisjoint", "mapping",
        ],
        "dict_values": [
            "mapping"
        ],
        "dict_items": [
            "isdisjoint", "mapping",
        ],
        "generator": [
            "close", "gi_code", "gi_frame", "gi_running", "gi_suspended", "gi_yieldfrom", "send", "throw",
        ],
        "Cycler": [
            "next", "reset", "items", "pos",
        ],
        "Joiner": [
            "sep", "used",
        ],
        "Macro": [
            "arguments", "caller", "catch_kwargs", "catch_varargs", "explicit_caller",
        ],
        "function": [],
    ]

    static func names(of value: Value) -> Set<String> { names[value.type] ?? [] }

    /// What the immutable sandbox refuses.
    static func isMutation(_ name: String, of value: Value) -> Bool {
        switch value {
        case .list: ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"].contains(name)
        case .mapping: ["clear", "pop", "popitem", "setdefault", "update"].contains(name)
        default: false
        }
    }

    /// Whether every Python object has the attribute: the sandbox hides it, and it shadows a member of that name.
    static func isDunder(_ name: String, of value: Value) -> Bool {
        if case .mapping = value, ["__getitem__", "__len__", "__iter__", "__contains__"].contains(name) { return true }
        return objectNames.contains(name)
    }

    private static let objectNames: Set<String> = [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__",
        "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__",
        "__new__", "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__",
        "__subclasshook__",
    ]
}
