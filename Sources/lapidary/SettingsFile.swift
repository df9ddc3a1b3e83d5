import Foundation
import RegistryCore
import RegistryOperations
import RegistryPolicy

/// A configuration file: keys spelled as the options, strictly read.
struct SettingsFile {
    /// Every key that may stand there, beside `anonymous-pulls`.
    private static let keys = [
        "storage", "policies", "upstream", "listen", "contact", "proxy", "no-proxy", "ca-bundle", "netrc", "token-file",
        "redirect-hosts", "connections", "limit-rate",
    ]

    private var texts: [String: String] = [:]
    private(set) var anonymousPulls: Bool?

    init(path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Failure(message: "configuration \(path) cannot be read", exitCode: 2)
        }
        var section = try StrictSection(parsing: Array(bytes), file: path, name: "the configuration")
        for key in Self.keys where section.has(key) { texts[key] = try section.text(key) }
        if section.has("anonymous-pulls") { anonymousPulls = try section.flag("anonymous-pulls") }
        try section.finish()
    }

    subscript(key: String) -> String? { texts[key] }
}
