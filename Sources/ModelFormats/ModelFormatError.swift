/// Why a file of a model was not accepted. Every case names the file; the text says object, expected and got.
package enum ModelFormatError: Error, Equatable, Sendable {
    /// The file is missing, is no regular file, or the system refused to read it.
    case unreadable(file: String, reason: String)
    /// A cap that protects this process was exceeded.
    case tooLarge(file: String, what: String, limit: Int, got: Int)
    /// Bytes that are not the JSON they should be; `offset` counts bytes from the start of the JSON text.
    case malformedJSON(file: String, offset: Int, reason: String)
    /// A weight file that is a git-LFS pointer, a web page or anything else that holds no weights.
    case notWeights(file: String, got: String)
    /// A safetensors header that contradicts itself or its file. `tensor` is nil for the header as a whole.
    case malformedSafetensors(file: String, tensor: String?, field: String, expected: String, got: String)
    /// A GGUF head that contradicts itself or its file; `offset` counts bytes from the start of the file.
    case malformedGGUF(file: String, field: String, offset: Int, expected: String, got: String)
    /// model.safetensors.index.json and the weight files tell different stories.
    case malformedIndex(file: String, subject: String, expected: String, got: String)
    /// A key of config.json with a value that is wrong or that this build does not compute; an empty key is the file as
    /// a whole.
    case configuration(file: String, key: String, expected: String, got: String)
    /// A sound file of a kind that this build does not run.
    case unsupported(file: String, what: String, reason: String)
    /// Weights in a quantised form that this build does not compute with, by the name of the method.
    case quantised(file: String, method: String, reason: String)
    /// A part of tokenizer.json that is wrong or of a kind that this build does not know.
    case tokenizer(file: String, part: String, expected: String, got: String)
    /// Extension and first bytes disagree.
    case formatMismatch(file: String, expected: String, got: String)
}

extension ModelFormatError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(printable(file)) is not readable: \(reason)"
        case .tooLarge(let file, let what, let limit, let got):
            "\(printable(file)): \(what) over the limit, expected at most \(limit), got \(got)"
        case .malformedJSON(let file, let offset, let reason):
            "\(printable(file)) is not valid JSON at byte \(offset): \(reason)"
        case .notWeights(let file, let got):
            "\(printable(file)) holds no weights: expected "
                + (file.hasSuffix(".gguf") ? "GGUF" : "safetensors") + ", got \(got)"
        case .malformedSafetensors(let file, let tensor?, let field, let expected, let got):
            "\(printable(file)), tensor \(printable(tensor)): \(field) expected \(expected), got \(printable(got))"
        case .malformedSafetensors(let file, nil, let field, let expected, let got):
            "\(printable(file)): \(field) expected \(expected), got \(printable(got))"
        case .malformedGGUF(let file, let field, let offset, let expected, let got):
            "\(printable(file)), byte \(offset): \(printable(field)) expected \(expected), got \(printable(got))"
        case .malformedIndex(let file, let subject, let expected, let got):
            "\(printable(file)): \(printable(subject)) expected \(expected), got \(printable(got))"
        case .configuration(let file, "", let expected, let got):
            "\(printable(file)): expected \(expected), got \(printable(got))"
        case .configuration(let file, let key, let expected, let got):
            "\(printable(file)): key \(printable(key)) expected \(expected), got \(printable(got))"
        case .unsupported(let file, let what, let reason):
            "\(printable(file)): \(printable(what)) is not run by this build: \(reason)"
        case .quantised(let file, let method, let reason):
            "\(printable(file)): unsupported: \(printable(method)): \(printable(reason))"
        case .tokenizer(let file, let part, let expected, let got):
            "\(printable(file)): \(printable(part)) expected \(expected), got \(printable(got))"
        case .formatMismatch(let file, let expected, let got):
            "\(printable(file)): expected \(expected), got \(got)"
        }
    }
}

/// Outside text on one line and of bounded length, for messages: control characters become `?`.
package func printable(_ text: String, limit: Int = 200) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        let changesDirection = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        line.unicodeScalars.append(
            isControl || changesDirection || scalar.value == 0x2028 || scalar.value == 0x2029
                ? "?" : scalar)
    }
    return line.unicodeScalars.count < text.unicodeScalars.count ? line + "…" : line
}

/// Outside text in quotation marks, so that an empty one, or a space at its end, can be seen.
func quoted(_ text: String) -> String { "\"\(printable(text, limit: 60))\"" }

/// Ends a message about the first of several findings.
package func andMore(_ count: Int) -> String { count > 1 ? ", and \(count - 1) more like it" : "" }
