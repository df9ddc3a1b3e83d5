import GRDB
package import RegistryCore

/// A smoke test under rules that are not in force yet.
package struct Trial: Sendable, Codable {
    package let snapshot: Int64
    /// Nil where the rules have no probe for the model.
    package let identity: SHA256Digest?
    package let evidence: Evidence

    package init(snapshot: Int64, identity: SHA256Digest?, evidence: Evidence) {
        self.snapshot = snapshot
        self.identity = identity
        self.evidence = evidence
    }
}

/// What becomes of a snapshot when new rules take effect.
package struct Adoption: Sendable {
    package let snapshot: SnapshotRecord
    package let evidence: Evidence
    package let decision: Decision
    /// For the audit entry: `passed -> failed: mean-nll 7.4 …`.
    package let change: String

    package init(snapshot: SnapshotRecord, evidence: Evidence, decision: Decision, change: String) {
        self.snapshot = snapshot
        self.evidence = evidence
        self.decision = decision
        self.change = change
    }
}

extension Catalog {
    /// Keeps a trial in place of an older one of the same snapshot.
    package func keep(_ trial: Trial) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO trials (snapshot_id, identity, report, made_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT (snapshot_id) DO UPDATE SET identity = excluded.identity, report = excluded.report,
                        made_at = excluded.made_at
                    """,
                arguments: [
                    trial.snapshot, trial.identity?.hex ?? "", try JSONColumn.text(trial.evidence),
                    trial.evidence.madeAt.text,
                ])
        }
    }

    /// The trial of each snapshot that has one, by snapshot.
    package func trials() async throws -> [Int64: Trial] {
        try await read { database in
            let trials = try Row.fetchAll(database, sql: "SELECT * FROM trials").map { row in
                let identity: String = row["identity"]
                return Trial(
                    snapshot: row["snapshot_id"], identity: identity.isEmpty ? nil : try SHA256Digest(identity),
                    evidence: try JSONColumn.value(row["report"]))
            }
            return Dictionary(trials.map { ($0.snapshot, $0) }) { _, newer in newer }
        }
    }

    /// Makes trials evidence and decides anew, all in one transaction, with an audit entry for each; every trial is
    /// gone afterwards. Names stay where they are.
    package func adopt(_ adoptions: [Adoption], actor: String) async throws {
        try await write { database in
            for adoption in adoptions {
                try Self.insert(adoption.evidence, into: adoption.snapshot.id, database)
                try Self.insert(adoption.decision, of: adoption.snapshot.id, at: Timestamp.now.text, database)
                try Self.audit(
                    database, actor: actor, action: "retest",
                    subject: "\(adoption.snapshot.repository)@\(adoption.snapshot.commit)", detail: adoption.change)
            }
            try database.execute(sql: "DELETE FROM trials")
        }
    }

    /// Forgets a snapshot's trial: a test outside the trials has told more.
    package func dropTrial(of snapshot: Int64) async throws {
        try await write { try $0.execute(sql: "DELETE FROM trials WHERE snapshot_id = ?", arguments: [snapshot]) }
    }

    /// Every verdict of one kind on a snapshot, newest first.
    package func evidence(_ kind: Evidence.Kind, of snapshot: Int64) async throws -> [Evidence] {
        try await read { database in
            try String.fetchAll(
                database, sql: "SELECT report FROM evidence WHERE snapshot_id = ? AND kind = ? ORDER BY id DESC",
                arguments: [snapshot, kind.rawValue]
            ).map { try JSONColumn.value($0) }
        }
    }
}
