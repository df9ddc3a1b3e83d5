import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// Answers that contradict what the tree announced: nothing of them may be taken for the file.
@Suite struct WrongAnswerTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        let fault: Fault.Kind
        /// What the error must name.
        let what: String
        let expected: String
        let got: String
        var testDescription: String { what }

        init(_ fault: Fault.Kind, _ what: String, expected: String, got: String) {
            (self.fault, self.what, self.expected, self.got) = (fault, what, expected, got)
        }
    }

    private static let zeros = String(repeating: "0", count: 40)
    private static let commit = "95b7f70cc00df1152651df8d497fb58a1bd01d36"
    private static let etag = ContentDigests.sha256(of: TemporaryHub.weights).hex
    private static let rest = "bytes 1000000-2999999/3000000"
    private static let loop = "/google/gemma-tiny/resolve/main/model.safetensors"

    private static let atStorage = [
        Wrong(.shiftedRange(by: 1), "Content-Range", expected: rest, got: "bytes 1000001-3000000/3000000"),
        Wrong(.shiftedRange(by: -1000), "Content-Range", expected: rest, got: "bytes 999000-2998999/3000000"),
        Wrong(
            .header("Content-Range: bytes 1000000-2999999/4000000"), "Content-Range", expected: rest,
            got: "bytes 1000000-2999999/4000000"),
        Wrong(.gzip, "Content-Encoding", expected: "identity", got: "gzip"),
    ]
    private static let atHome = [
        Wrong(.header("X-Repo-Commit: \(zeros)"), "X-Repo-Commit", expected: commit, got: zeros),
        Wrong(.header("X-Linked-Size: 7"), "X-Linked-Size", expected: "3000000", got: "7"),
        Wrong(.header("X-Linked-Etag: \"\(zeros)\""), "X-Linked-Etag", expected: etag, got: "\"\(zeros)\""),
        Wrong(
            .header("Location: file:///etc/passwd"), "redirect", expected: "an http or https address",
            got: "file:///etc/passwd"),
        Wrong(
            .header("Location: http://hf@elsewhere/"), "redirect", expected: "an http or https address",
            got: "http://hf@elsewhere/"),
        Wrong(.header("Location:"), "redirect", expected: "a Location", got: "none"),
        Wrong(.redirect(to: loop), "chain of redirects", expected: "at most 5", got: "one more"),
    ]

    @Test(arguments: atStorage.map { ($0, "/storage/") } + atHome.map { ($0, "/resolve/") })
    func isRefusedByName(_ wrong: Wrong, target: String) async throws {
        try await TemporaryHub.running(faults: [Fault(wrong.fault, at: target)]) { client, _ in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(TemporaryHub.weights[..<1_000_000], validator: file.storageTag)
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: sink) }
            guard case .protocolViolation(let what, let expected, let got)? = error as? UpstreamError else {
                Issue.record("expected a protocol violation, got \(String(describing: error))")
                return
            }
            #expect(what.contains(wrong.what))
            #expect(expected.contains(wrong.expected))
            #expect(got.hasPrefix(wrong.got))
            #expect(TemporaryHub.weights.starts(with: sink.bytes))
        }
    }

    @Test func aPageForPeopleIsNamedAndVoidsNothingThatIsHere() async throws {
        let portal = "<html>Log in to the guest network</html>"
        try await TemporaryHub.running(faults: [Fault(.page(portal), at: "/storage/")]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(TemporaryHub.weights[..<1_000_000], validator: file.storageTag)
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: sink) }
            #expect(error as? UpstreamError == .webPage("model.safetensors", beginning: portal))
            #expect(sink.bytes == Array(TemporaryHub.weights[..<1_000_000]) && sink.restarts == 0)
            #expect(log.entries.count { $0.target.hasPrefix("/storage/") } == 3)
        }
    }

    @Test func moreBytesThanAnnouncedEndTheTransferAtOnce() async throws {
        let fault = Fault(.excess(10_000_000), at: "/storage/")
        try await TemporaryHub.running(faults: [fault]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink()
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: sink) }
            #expect(
                error as? UpstreamError
                    == .protocolViolation(
                        "length of model.safetensors", expected: "0 more bytes", got: "more than that"))
            #expect(sink.bytes.count <= 3_000_000)
            #expect(log.entries.filter { $0.target.hasPrefix("/storage/") }.count == 1)
        }
    }

    @Test func aFileThatAlwaysEndsEarlyIsTruncated() async throws {
        let fault = Fault(.shortage(200), at: "/resolve-cache/")
        try await TemporaryHub.running(
            more: ["\(TemporaryHub.repository)/notes.md": [UInt8](repeating: 65, count: 300)], faults: [fault]
        ) { client, log in
            let (commit, file) = try await client.file("notes.md")
            let error = await failure {
                try await client.fetch(file, of: tiny, at: commit, into: MemorySink(size: 300))
            }
            // 100 bytes came; the next answers had less than 200 to give and so were empty.
            #expect(error as? UpstreamError == .truncated("notes.md", expected: 300, got: 100))
            // The whole once, and what it left out three times.
            #expect(log.entries.filter { $0.target.contains("/resolve-cache/") }.count == 4)
        }
    }

    @Test func identityIsTheOnlyEncodingAskedFor() async throws {
        try await TemporaryHub.running { client, log in
            let (commit, file) = try await client.file("config.json")
            try await client.fetch(file, of: tiny, at: commit, into: MemorySink(size: file.size))
            #expect(log.entries.count == 4)
            #expect(log.entries.allSatisfy { $0.acceptEncoding == "identity" })
        }
    }
}
