import RegistryCatalog
import RegistryCore
import RegistryOperations

extension ModelDetail {
    /// For `lapidary show`.
    var lines: [String] {
        var lines = [
            "\(summary.repository)@\(summary.commit?.hex ?? "-")",
            "state      \(summary.state.rawValue)\(summary.reason.isEmpty ? "" : ", \(summary.reason.printable)")",
            "names      \(refs.isEmpty ? "none" : refs.joined(separator: ", "))",
            "licence    \(summary.licence?.printable ?? "not stated")",
            "upstream   \(upstream)",
            "manifest   \(manifest?.description ?? "none: the bytes were never verified")",
            "pulls      \(summary.pulls.pulls) complete, \(summary.pulls.unfinished) unfinished",
        ]
        if !summary.baseModels.isEmpty {
            let bases = summary.baseModels.joined(separator: ", ").printable
            lines.append("base       \(bases) (\(summary.relation?.printable ?? "relation not stated"); a claim)")
        }
        if let pin {
            let reason = pin.reason.isEmpty ? "" : ": \(pin.reason.printable)"
            lines.append("pinned     since \(pin.pinnedAt.minutes)\(reason)")
        }
        if !summary.activity.isEmpty { lines.append("now        \(summary.activity.printable)") }
        if let retest, retest.state != .current {
            lines.append("re-test    \(retest.change.printable); served under the verdict it has until all are tested")
        }
        let verified = lastVerified
        lines +=
            [""]
            + Table(
                head: ["FILE", "SIZE", "SHA-256", "LAST VERIFIED"],
                rows: files.map { [$0.path.text, Quantity.bytes($0.size), $0.digest.hex, verified[$0.digest] ?? "-"] }
            ).lines
        lines += leftOut.map { "left out: \($0.path.printable) (\($0.format))" }
        for evidence in evidence { lines += [""] + evidence.lines }
        if !earlierVerdicts.isEmpty {
            lines += ["", "earlier smoke tests of these bytes:"]
            lines += earlierVerdicts.map {
                "  \($0.madeAt.minutes)  \($0.outcome.rawValue), \($0.summary.printable) "
                    + "(\($0.identity.map { "rules \($0.digest.short)" } ?? $0.producer.printable))"
            }
        }
        if let decision {
            lines += ["", "decision: \(decision.outcome.rawValue), by policy sha256:\(decision.policy.hex.prefix(12))"]
            lines += decision.findings.map { "  \($0.rule) (\($0.effect.rawValue)): \($0.message.printable)" }
        }
        if !otherSnapshots.isEmpty {
            lines +=
                [""]
                + Table(
                    head: ["OTHER SNAPSHOT", "STATE", "CAME"],
                    rows: otherSnapshots.map { [$0.commit.hex, $0.state.rawValue, $0.createdAt.minutes] }
                ).lines
        }
        if !deployments.isEmpty {
            lines +=
                [""]
                + Table(
                    head: ["HOST", "PATH", "LAST SEEN"],
                    rows: deployments.map { [$0.host, $0.path, $0.lastSeenAt.minutes] }
                ).lines
        }
        return lines
    }
}

extension Evidence {
    fileprivate var lines: [String] {
        var lines = ["\(kind.rawValue): \(outcome.rawValue), \(summary.printable)"]
        if !checks.isEmpty {
            lines +=
                Table(
                    head: ["CHECK", "OUTCOME", "VALUE", "BOUND", "REASON"],
                    rows: checks.map { [$0.name, $0.outcome, $0.value, $0.bound, $0.reason] }
                ).lines
        }
        return lines + (test?.lines ?? [])
    }
}

extension SmokeTestRecord {
    fileprivate var lines: [String] {
        let kind = modelClass.map { "\($0.rawValue) (\(classReason.printable))" } ?? "not recognised"
        var lines = [
            "class      \(kind)",
            "rules      \(identity.digest.short): \(identity.testerBuild), probe set \(identity.probeSet.printable) "
                + "\(identity.probes.short), bounds \(identity.bounds.short), \(identity.depth.rawValue)",
            "sandbox    \(sandbox.isEmpty ? "not recorded" : sandbox.printable)",
            "machine    \(machine.text)",
            "took       \(Quantity.fixed(seconds, 2)) s, \(Quantity.bytes(peakMemory)) at most",
        ]
        if let base { lines.append("base       \(base.printable)") }
        if !measurements.isEmpty {
            let values = measurements.sorted { $0.key < $1.key }.map { "\($0.key.printable) \($0.value.text)" }
            lines.append("measured   \(values.joined(separator: ", "))")
        }
        for text in texts {
            lines += [
                "wrote      [\(text.language.printable)] \(text.prompt.printable)",
                "           \(text.text.printable)",
                "           \(text.tokens) tokens, \(text.endsItself ? "ended itself" : "ended by the limit")",
            ]
        }
        return lines
    }
}
