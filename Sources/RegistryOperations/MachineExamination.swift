import Foundation
import Glibc
import RegistryCore
import RegistryPolicy
import RegistryUpstream
import SealedProcess
import SmokeTesting

/// The process and the machine: the policy, descriptors, time zone, and how far a model can be sealed here.
struct MachineExamination {
    private let configuration: RegistryConfiguration
    private let policy: Result<Policy, PolicyError>

    init(_ configuration: RegistryConfiguration, _ policy: Result<Policy, PolicyError>) {
        self.configuration = configuration
        self.policy = policy
    }

    func run() async -> [HealthCheck] { [rules, descriptors, timeZone, await room()] }

    private var rules: HealthCheck {
        switch policy {
        case .success(let policy):
            HealthCheck(
                "policy", .ok,
                "\(configuration.policies) is '\(policy.name.printable)', sha256:\(policy.digest.hex.prefix(12))")
        case .failure(let error):
            HealthCheck("policy", .fail, "\(error)", "correct it there: without a policy nothing starts")
        }
    }

    /// A connection of a client takes two, one of ours as well, each file under way two more.
    private var descriptors: HealthCheck {
        let allowed = sysconf(Int32(_SC_OPEN_MAX))
        let connections = configuration.hub.connections
        let own = 128 + 4 * connections
        let clients = (allowed - own) / 2
        let measured =
            "\(allowed) may be open: about \(max(0, clients)) clients at once beside \(connections) connections"
        guard allowed >= 0, clients < 400 else { return HealthCheck("descriptors", .ok, measured) }
        return HealthCheck(
            "descriptors", clients <= 0 ? .fail : .warn, measured, "raise it: LimitNOFILE= in the unit, or ulimit -n")
    }

    private var timeZone: HealthCheck {
        let zone = TimeZone.current
        let now = Date.now
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "HH:mm"
        let clock = "\(zone.identifier), where it is \(format.string(from: now))"
        let bandwidth = configuration.hub.bandwidth
        guard !bandwidth.windows.isEmpty else {
            return HealthCheck("time-zone", .ok, "\(clock); no limit depends on it")
        }
        let limit = bandwidth.limit(at: now).map { "\(Quantity.bytes($0))/s" } ?? "none"
        return HealthCheck(
            "time-zone", .ok, "\(clock); the limit that holds now is \(limit)", "set TZ where that is another place")
    }

    private func room() async -> HealthCheck {
        let rules = (try? policy.get())?.smokeTest
        let wanted = rules?.sandbox ?? .seccomp
        let raise = "see 'The sealed room' in the README; 'sandbox' in the policy says what is asked for"
        let process = SmokeTestProcess(
            executable: configuration.executable, timeLimit: .seconds(60), leastLevel: .limits,
            memoryAllowance: rules?.memoryAllowance ?? 1 << 30)
        do {
            // What counts is that the tester comes to say that there is no model.
            let answer = try await SmokeTestJob.withNoModel(testerBuild: "doctor") { try await process.run($0) }
            let isEnough = answer.level >= wanted
            return HealthCheck(
                "sealed-room", isEnough ? .ok : .fail,
                "level \(answer.level.rawValue) of \(SandboxLevel.allCases.count), the policy asks for \(wanted.rawValue)"
                    + (answer.shortOf.map { "; the next lacks \($0)" } ?? ""),
                isEnough ? "" : raise)
        } catch {
            return HealthCheck("sealed-room", .fail, "no model can be run: \(error)", raise)
        }
    }
}
