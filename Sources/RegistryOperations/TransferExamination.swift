import RegistryCore
import RegistryUpstream

/// What the way to upstream does to files: two small requests for files of one repository, and what is left of what a
/// Hub answers. Whether it was a proxy or upstream itself that took something away, an answer does not tell.
struct TransferExamination {
    private static let names = ["range", "content-length", "entity-tag", "encoding", "body"]
    private static let wholeLimit: Int64 = 1 << 20

    let hub: HubClient
    let repository: RepositoryID?

    func run() async -> [HealthCheck] {
        guard let repository else {
            return unchecked(
                "the policy follows no repository by name", "give one to try with: --repository NAMESPACE/NAME")
        }
        do {
            let commit = try await hub.revision(.main, of: repository).commit
            let tree = try await hub.tree(of: repository, at: commit)
            guard let part = tree.filter({ $0.size > 1 }).min(by: Self.isBetter) else {
                return unchecked("\(repository) has no files", "give another: --repository NAMESPACE/NAME")
            }
            let range = 1..<min(part.size, 1025)
            let sample = try await hub.sample(part, range: range, of: repository, at: commit)
            var checks = [
                self.range(sample, range, of: part), length(sample, range, of: part), tag(sample), coding(sample),
            ]
            guard let whole = tree.filter({ (1...Self.wholeLimit).contains($0.size) }).min(by: Self.isEasierToProve)
            else {
                return checks + [
                    HealthCheck(
                        "body", .unchecked, "\(repository) has no file small enough to be fetched for this",
                        "give another: --repository NAMESPACE/NAME")
                ]
            }
            checks.append(
                body(try await hub.sample(whole, range: nil, of: repository, at: commit), of: whole, repository))
            return checks
        } catch {
            return unchecked("files of \(repository) cannot be had: \(error.upstream)", "")
        }
    }

    private func unchecked(_ reason: String, _ advice: String) -> [HealthCheck] {
        [HealthCheck(Self.names.joined(separator: ", "), .unchecked, reason, advice)]
    }

    /// Weights lie in LFS, on other hosts than small files: the smallest of those.
    private static func isBetter(_ a: UpstreamFile, _ b: UpstreamFile) -> Bool {
        (a.lfsDigest == nil ? 1 : 0, a.size, a.path) < (b.lfsDigest == nil ? 1 : 0, b.size, b.path)
    }

    /// What rewrites bodies rewrites text.
    private static func isEasierToProve(_ a: UpstreamFile, _ b: UpstreamFile) -> Bool {
        (a.lfsDigest == nil ? 0 : 1, a.size, a.path) < (b.lfsDigest == nil ? 0 : 1, b.size, b.path)
    }

    private var blame: String {
        hub.proxy.map { "see what \($0), does to answers" } ?? "see what stands between here and upstream"
    }

    private func range(_ sample: HubClient.Sample, _ range: Range<Int64>, of file: UpstreamFile) -> HealthCheck {
        let asked = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
        switch (sample.status, sample.values("content-range")) {
        case (206, [asked]): return HealthCheck("range", .ok, "\(asked) of \(file.path), as asked")
        case (206, let got):
            return HealthCheck(
                "range", .fail,
                "asked for \(asked) of \(file.path), got \(got.first?.printable ?? "206 without a Content-Range")",
                blame)
        default:
            return HealthCheck(
                "range", .warn, "asked for \(asked) of \(file.path), got \(sample.status) and the whole",
                "something takes away Range: files come in one stream each, and begin anew after a break; \(blame)")
        }
    }

    private func length(_ sample: HubClient.Sample, _ range: Range<Int64>, of file: UpstreamFile) -> HealthCheck {
        let expected = sample.status == 206 ? range.upperBound - range.lowerBound : file.size
        switch Set(sample.values("content-length")) {
        case [String(expected)]: return HealthCheck("content-length", .ok, "\(expected) bytes, as they are")
        case []:
            return HealthCheck(
                "content-length", .warn, "none",
                "something takes away Content-Length: lengths are proven by the tree's alone; \(blame)")
        case let got:
            return HealthCheck(
                "content-length", .fail,
                "\(got.sorted().joined(separator: " and ").printable) for \(expected) bytes: such answers are refused",
                blame)
        }
    }

    private func tag(_ sample: HubClient.Sample) -> HealthCheck {
        if let tag = sample.strongTag { return HealthCheck("entity-tag", .ok, tag) }
        let got = sample.values("etag").first.map { "only a weak one, \($0.printable)" } ?? "none"
        return HealthCheck(
            "entity-tag", .warn, got,
            "something takes away or weakens ETag: parts are never put together without one, so files come in one "
                + "stream each, and begin anew after a break; \(blame)")
    }

    private func coding(_ sample: HubClient.Sample) -> HealthCheck {
        let coded = sample.values("content-encoding").filter { $0.lowercased() != "identity" }
        guard let coding = coded.first else { return HealthCheck("encoding", .ok, "identity, as asked") }
        return HealthCheck(
            "encoding", .fail, "\(coding.printable), though identity was asked: such answers are refused",
            "something compresses on the way; \(blame)")
    }

    private func body(_ sample: HubClient.Sample, of file: UpstreamFile, _ repository: RepositoryID) -> HealthCheck {
        let isRight =
            file.lfsDigest.map { $0 == ContentDigests.sha256(of: sample.bytes) }
            ?? (ContentDigests.gitObject(of: sample.bytes) == file.gitObject)
        let coded = sample.values("content-encoding").contains { $0.lowercased() != "identity" }
        guard !isRight else {
            return HealthCheck("body", .ok, "\(file.path) came as upstream announced it, \(sample.bytes.count) bytes")
        }
        return HealthCheck(
            "body", .fail,
            "\(file.path) of \(repository) is not what upstream announced: \(sample.bytes.count) bytes of "
                + "\(file.size)\(coded ? ", compressed" : ""), status \(sample.status)",
            "something rewrites what passes: nothing that it touches will be published; \(blame)")
    }
}
