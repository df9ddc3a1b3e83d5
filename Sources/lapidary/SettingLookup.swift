import Foundation
import RegistryCore
import RegistryOperations
import RegistryUpstream

/// Finds each setting by its option, else in the environment, else in the file, else by its default, and remembers
/// where. The only place that reads the environment for ourselves; libcurl reads its own variables.
final class SettingLookup {
    private let environment: [String: String]
    private let file: SettingsFile?
    private let path: String?
    private var settings: [Setting] = []
    private var hasProxySecret = false

    /// - Parameter option: a configuration file, where the command line names one.
    init(environment: [String: String], file option: String?) throws {
        self.environment = environment.filter { !$0.value.isEmpty }
        path = option ?? self.environment["LAPIDARY_CONFIG"]
        file = try path.map(SettingsFile.init(path:))
        if let path { note("config", path, option != nil ? "--config" : "LAPIDARY_CONFIG") }
    }

    /// - Parameters:
    ///   - value: what holds where nobody says anything.
    ///   - show: what people get to see of it.
    func text(
        _ name: String, _ option: String?, default value: String? = nil, show: (String) -> String = { $0 }
    ) -> String? {
        let variable = Self.variable(name)
        let file = path ?? ""
        let candidates = [(option, "--\(name)"), (environment[variable], variable), (self.file?[name], file)]
        let (found, source) = candidates.first { $0.0 != nil } ?? (value, "default")
        if let found { note(name, show(found), source) }
        if name == "proxy", source == file { hasProxySecret = found?.contains("@") == true }
        return found
    }

    func flag(_ name: String, _ option: Bool?, default value: Bool) throws -> Bool {
        let variable = Self.variable(name)
        let (found, source): (Bool, String)
        if let option {
            (found, source) = (option, "--\(name)")
        } else if let text = environment[variable] {
            guard let flag = Bool(text) else {
                throw Failure(message: "\(variable) must be true or false, got '\(text.printable)'", exitCode: 2)
            }
            (found, source) = (flag, variable)
        } else if let flag = file?.anonymousPulls {
            (found, source) = (flag, path ?? "")
        } else {
            (found, source) = (value, "default")
        }
        note(name, "\(found)", source)
        return found
    }

    func secret(_ variable: String) -> Secret? { environment[variable].map { Secret($0) } }

    /// Everything that was asked for, with what libcurl finds in the environment by itself.
    func found(for hub: HubOptions, isToken: Bool) -> [Setting] {
        var all = settings
        func add(_ name: String, _ value: String, _ source: String) {
            if !all.contains(where: { $0.name == name }) {
                all.append(Setting(name: name, value: value.printable, source: source))
            }
        }
        for scheme in ["https", "http"] where hub.proxy == nil {
            if let proxy = hub.proxy(named: scheme) { add("proxy (\(scheme))", proxy.shown, proxy.source) }
        }
        add("proxy", "none", "default")
        if let exceptions = hub.exceptions { add("no-proxy", exceptions.text, exceptions.source) }
        add("no-proxy", "none", "default")
        add("ca-bundle", "the system's", "default")
        add("netrc", "none", "default")
        add("redirect-hosts", "those of huggingface.co, where that is upstream", "default")
        add("contact", "none", "default")
        let source = environment["HF_TOKEN"] != nil ? "HF_TOKEN" : "the token file"
        add("token", isToken ? "set" : "none", isToken ? source : "default")
        return all
    }

    /// Files that hold secrets.
    var secretFiles: [String] {
        settings.filter { ["token-file", "netrc"].contains($0.name) }.map(\.value)
            + (hasProxySecret ? [path].compactMap(\.self) : [])
    }

    private func note(_ name: String, _ value: String, _ source: String) {
        settings.append(Setting(name: name, value: value.printable, source: source.printable))
    }

    /// `limit-rate` is LAPIDARY_LIMIT_RATE.
    private static func variable(_ name: String) -> String {
        "LAPIDARY_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
    }
}
