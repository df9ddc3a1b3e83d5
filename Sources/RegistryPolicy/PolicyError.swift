/// Why a policy or configuration file was not taken; what was in force stays in force.
package enum PolicyError: Error, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case syntax(file: String, message: String)
    case invalid(file: String, line: Int, column: Int, message: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .syntax(let file, let message): "\(file):\(message)"
        case .invalid(let file, let line, let column, let message): "\(file):\(line):\(column): \(message)"
        }
    }
}
