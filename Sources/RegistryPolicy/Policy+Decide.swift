package import RegistryCore

/// What a policy is asked about: facts, no opinions.
package struct Dossier: Sendable {
    package var repository: RepositoryID
    /// As the card states it.
    package var licence: String?
    /// Bytes of the files that would be served.
    package var totalSize: Int64
    /// Paths of weight files in an allowed format.
    package var weights: [String]
    /// Files in formats that are not allowed: path and format name.
    package var others: [LeftOutFile]
    /// Nil while there are no verified bytes.
    package var manifest: SHA256Digest?
    package var evidence: [Evidence.Kind: Evidence]
    package var approvals: Int

    package init(
        repository: RepositoryID, licence: String?, totalSize: Int64, weights: [String],
        others: [LeftOutFile], manifest: SHA256Digest? = nil,
        evidence: [Evidence.Kind: Evidence] = [:], approvals: Int = 0
    ) {
        self.repository = repository
        self.licence = licence
        self.totalSize = totalSize
        self.weights = weights
        self.others = others
        self.manifest = manifest
        self.evidence = evidence
        self.approvals = approvals
    }
}

extension Policy {
    /// Decides: a pure function of the policy and the facts.
    package func decide(on dossier: Dossier) -> Decision {
        Decision(
            findings: screen(dossier)
                + [verification(dossier), inspection(dossier), smokeTest(dossier), approvals(dossier)]
                .compactMap { $0 },
            policy: digest, manifest: dossier.manifest,
            required: [.verification, .inspection] + (smokeTest.required ? [.smokeTest] : []))
    }

    /// The rules that need no bytes: asked before anything is fetched.
    package func screen(_ dossier: Dossier) -> [Finding] {
        [formats(dossier), licence(dossier), author(dossier), size(dossier)].compactMap { $0 }
    }

    private func formats(_ dossier: Dossier) -> Finding? {
        let others = dossier.others.prefix(5).map { "\($0.path.printable) (\($0.format))" }.joined(separator: ", ")
        let more = dossier.others.count > 5 ? " and \(dossier.others.count - 5) more" : ""
        if dossier.weights.isEmpty {
            return Finding(
                rule: "formats", effect: .refuse,
                message: "no weights in an allowed format (\(formats.allowed.joined(separator: ", ")))"
                    + (others.isEmpty ? "" : "; the repository holds \(others)\(more)"))
        }
        guard !dossier.others.isEmpty else { return nil }
        return switch formats.others {
        case .leaveOut: Finding(rule: "formats", effect: .note, message: "left out: \(others)\(more)")
        case .refuse: Finding(rule: "formats", effect: .refuse, message: "formats not allowed: \(others)\(more)")
        }
    }

    private func licence(_ dossier: Dossier) -> Finding? {
        let allowed = licences.map(\.text).joined(separator: ", ")
        guard let licence = dossier.licence, !licence.isEmpty else {
            return licences.contains { $0.text == "*" }
                ? nil
                : Finding(
                    rule: "licences", effect: .refuse, message: "the card states no licence; allowed are: \(allowed)")
        }
        guard !licences.contains(where: { $0.matches(licence) }) else { return nil }
        return Finding(
            rule: "licences", effect: .refuse,
            message: "licence '\(licence.printable)' is not allowed; allowed are: \(allowed)")
    }

    private func author(_ dossier: Dossier) -> Finding? {
        guard !authors.contains(where: { $0.matches(dossier.repository.namespace) }) else { return nil }
        return Finding(
            rule: "authors", effect: .refuse,
            message: "author '\(dossier.repository.namespace)' is not allowed; "
                + "allowed are: \(authors.map(\.text).joined(separator: ", "))")
    }

    private func size(_ dossier: Dossier) -> Finding? {
        guard dossier.totalSize > maximumSize else { return nil }
        return Finding(
            rule: "maximum-size", effect: .refuse,
            message: "\(Quantity.bytes(dossier.totalSize)) is more than the allowed \(Quantity.bytes(maximumSize))")
    }

    private func verification(_ dossier: Dossier) -> Finding? {
        // A failed verification names no manifest: there were no bytes to make one of.
        if let evidence = dossier.evidence[.verification], evidence.outcome == .warned {
            return Finding(rule: "verification", effect: .hold, message: evidence.summary)
        }
        if let evidence = dossier.evidence[.verification], evidence.outcome != .passed {
            return Finding(rule: "verification", effect: .refuse, message: evidence.summary)
        }
        guard current(.verification, dossier) != nil else {
            return Finding(rule: "verification", effect: .hold, message: "the bytes have not been verified yet")
        }
        return nil
    }

    private func inspection(_ dossier: Dossier) -> Finding? {
        guard let evidence = current(.inspection, dossier) else {
            return Finding(rule: "inspection", effect: .hold, message: "the files have not been inspected yet")
        }
        return switch evidence.outcome {
        case .passed: nil
        case .warned: Finding(rule: "inspection", effect: .note, message: evidence.summary)
        case .unsupported: Finding(rule: "inspection", effect: smokeTest.unsupported, message: evidence.summary)
        case .failed: Finding(rule: "inspection", effect: .refuse, message: evidence.summary)
        }
    }

    private func smokeTest(_ dossier: Dossier) -> Finding? {
        guard let evidence = current(.smokeTest, dossier) else {
            return smokeTest.required
                ? Finding(rule: "smoke-test", effect: .hold, message: "the model has not been run yet")
                : Finding(rule: "smoke-test", effect: .note, message: "not run; this policy does not ask for it")
        }
        if let level = evidence.test?.sandboxLevel, level < smokeTest.sandbox {
            return Finding(
                rule: "smoke-test", effect: .hold,
                message: "it was run at level \(level.rawValue) of the sealed room, and this policy asks for "
                    + "\(smokeTest.sandbox.rawValue): mirror it again")
        }
        return switch evidence.outcome {
        case .passed: nil
        case .warned: Finding(rule: "smoke-test", effect: .note, message: evidence.summary)
        case .unsupported: Finding(rule: "smoke-test", effect: smokeTest.unsupported, message: evidence.summary)
        case .failed: Finding(rule: "smoke-test", effect: .refuse, message: evidence.summary)
        }
    }

    private func approvals(_ dossier: Dossier) -> Finding? {
        guard dossier.approvals < approvals else { return nil }
        return Finding(
            rule: "approvals", effect: .hold, message: "\(dossier.approvals) of \(approvals) approvals given")
    }

    /// Evidence of these very bytes; of others, or where there are none, it counts as none.
    private func current(_ kind: Evidence.Kind, _ dossier: Dossier) -> Evidence? {
        guard let manifest = dossier.manifest, let evidence = dossier.evidence[kind] else { return nil }
        return evidence.manifest == manifest ? evidence : nil
    }
}
