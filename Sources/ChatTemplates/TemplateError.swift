/// Why a chat template was not rendered.
package enum TemplateError: Error, Equatable, CustomStringConvertible {
    /// Jinja knows the construct and this interpreter does not; nothing was guessed.
    case notEvaluated(construct: String, line: Int)
    /// The source is not a template: what Jinja would refuse to compile.
    case malformed(String, line: Int)
    /// The template itself called `raise_exception`.
    case raised(message: String, line: Int)
    /// What Jinja would raise while rendering: an attribute of an undefined value, operands that do not fit.
    case failed(String, line: Int)
    /// A bound of `TemplateLimits` was reached.
    case exceeded(limit: String, line: Int)

    package var description: String {
        switch self {
        case .notEvaluated(let construct, let line): "template not evaluated: \(construct) at line \(line)"
        case .malformed(let reason, let line): "template is malformed: \(reason) at line \(line)"
        case .raised(let message, let line): "template raised: \(message) at line \(line)"
        case .failed(let reason, let line): "template failed: \(reason) at line \(line)"
        case .exceeded(let limit, let line): "template exceeded its limit of \(limit) at line \(line)"
        }
    }
}
