import RegistryCatalog
import RegistryCore
import Testing

@Suite struct HostileTextTests {
    static let texts = [
        "'", "''", "\"", "`", "'; DROP TABLE snapshots; --", "' OR '1'='1", "\") --", "%", "_", "a%b_c\\",
        "/* comment */", "?1", ":name", "$1", "\u{1}\u{2}\u{8}\u{1B}[2J\u{7F}", "line\r\nbreak\n\ttab",
        "\u{202E}right to left\u{2028}", "e\u{301} is not \u{E9}", "👩‍👩‍👧‍👦 𝕘𝕖𝕞𝕞𝕒 模型",
        String(repeating: "long ", count: 400), "\u{FEFF}bom", "{\"json\": [null]}", "null", "0x41", "1e999",
    ]

    @Test(arguments: texts)
    func anyTextIsStoredAndReadBackByteForByte(text: String) async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let manifest = Manifest([try entry("w.safetensors", "w")])
        let card = ModelCard(
            licence: text, baseModels: [text], relation: text, pipeline: text, library: text, tags: [text, text])
        let report = Evidence(
            kind: .verification, outcome: .passed, manifest: manifest.digest, producer: text, summary: text,
            checks: [Evidence.Check(name: text, outcome: text, value: text, bound: text, reason: text)],
            measurements: [text: text])
        let snapshot = try await catalog.record(
            gemma, commit: commit(1), upstream: text, card: card,
            leftOut: [LeftOutFile(path: text, format: text)], manifest: manifest, evidence: [report])
        try await catalog.decide(decision(of: manifest.digest, message: text), on: snapshot, promoting: ["main", text])
        _ = try await catalog.revoke(gemma, commit: nil, reason: text, actor: text)
        let consumer = try await catalog.addToken(
            sha256(text), label: text, team: text, environment: .ci, sector: text, useCase: text, actor: text)
        try await catalog.record([
            Transfer(
                consumer: consumer.id, snapshot: snapshot.id, path: RepositoryPath("w.safetensors"),
                outcome: .complete, start: 0, sent: 100, agent: text)
        ])
        let weight = SeenModel.Weight(path: text, size: 1, digest: sha256("w"))
        let seen = SeenModel(path: text, repository: text, commit: text, weights: [weight])
        try await catalog.record([seen], on: text, by: consumer.id)
        let job = try await catalog.beginJob(mirroring: gemma, at: .main)
        try await catalog.updateJob(job, to: .failed, text)

        let found = try #require(try await catalog.snapshot(gemma, .main))
        let pull = try #require(try await catalog.pulls().first)
        let deployment = try #require(try await catalog.deployments().first)
        let evidence = try #require(found.evidence[.verification])
        let known = try #require(try await catalog.consumer(token: sha256(text)))
        var back = [found.upstream, found.card.licence, found.card.relation, found.card.pipeline, found.card.library]
        back += found.card.baseModels + found.card.tags + found.leftOut.flatMap { [$0.path, $0.format] }
        back += [evidence.producer, evidence.summary] + evidence.measurements.flatMap { [$0, $1] }
        back += evidence.checks.flatMap { [$0.name, $0.outcome, $0.value, $0.bound, $0.reason] }
        back += [found.decision?.findings.first?.message, found.revocation?.reason]
        back += found.refs.filter { $0 != "main" } + [pull.consumer.team, known.team, known.sector, known.useCase]
        back += [deployment.host, deployment.path, deployment.claimedRepository, deployment.claimedCommit]
        back += [try await catalog.latestJob(of: gemma)?.message]
        back += try temporary.sql("SELECT agent FROM transfers").map(\.[0])
        back += try temporary.sql("SELECT label FROM tokens").map(\.[0])
        back += try temporary.sql("SELECT actor FROM audit_entries WHERE action = 'revoke'").map(\.[0])
        #expect(back.count == 34)
        for value in back { #expect(value.map { $0.utf8.elementsEqual(text.utf8) } == true) }
        #expect(try temporary.sql("PRAGMA foreign_key_check").isEmpty)
    }
}
