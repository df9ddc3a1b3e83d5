import Foundation
import Glibc
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage
import Testing

@Suite struct FileServingTests {
    private static let weights = TestServer.bytes(9 * 1024 * 1024 + 17)
    private static let config = Array(#"{"model_type":"gemma3_text"}"#.utf8)
    private static let files = ["model.safetensors": weights, "config.json": config, "empty.txt": []]
    private static let path = "/google/tiny/resolve/main/model.safetensors"

    @Test func aFileArrivesBitForBitWithEveryHeaderOfTheHub() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", Self.files)
            let answer = try await server.get(Self.path)
            #expect(answer.status == 200)
            #expect(answer.body == Self.weights)
            let digest = ContentDigests.sha256(of: Self.weights).hex
            #expect(answer.headers["x-repo-commit"] == snapshot.commit.hex)
            #expect(answer.headers["etag"] == "\"\(digest)\"")
            #expect(answer.headers["x-linked-etag"] == "\"\(digest)\"")
            #expect(answer.headers["x-linked-size"] == "\(Self.weights.count)")
            #expect(answer.headers["content-length"] == "\(Self.weights.count)")
            #expect(answer.headers["accept-ranges"] == "bytes")
            #expect(answer.headers["cache-control"] == "no-cache")
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["content-disposition"]?.hasSuffix("filename=\"model.safetensors\";") == true)
            #expect(answer.headers.keys.allSatisfy { !$0.contains("xet") && $0 != "link" })

            let config = try await server.get("/google/tiny/resolve/\(snapshot.commit.hex)/config.json?download=true")
            #expect(config.body == Self.config)
            #expect(config.headers["etag"] == "\"\(ContentDigests.gitObject(of: Self.config).hex)\"")
            #expect(config.headers["x-linked-etag"] == nil)
        }
    }

    @Test func rangesAreCutExactly() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let size = Self.weights.count
            let ranges: [(String, Range<Int>)] = [
                ("bytes=0-0", 0..<1), ("bytes=0-99999", 0..<100_000), ("bytes=4194303-4194304", 4_194_303..<4_194_305),
                ("bytes=1-", 1..<size), ("bytes=-17", size - 17..<size), ("bytes=524288-8912895", 524_288..<8_912_896),
                ("bytes=9437184-18446744073709551616", 9_437_184..<size),
            ]
            for (header, range) in ranges {
                let answer = try await server.get(Self.path, ["Range: \(header)"])
                #expect(answer.status == 206, "\(header)")
                #expect(answer.headers["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")
                #expect(answer.headers["content-length"] == "\(range.count)")
                #expect(answer.headers["x-repo-commit"] != nil)
                #expect(answer.body == Array(Self.weights[range]), "\(header)")
            }
            let beyond = try await server.get(Self.path, ["Range: bytes=\(size)-"])
            #expect(beyond.status == 416)
            #expect(beyond.headers["content-range"] == "bytes */\(size)")
            #expect(beyond.headers["x-repo-commit"] != nil)
            let several = try await server.get(Self.path, ["Range: bytes=0-1,5-6"])
            #expect(several.status == 200)
            #expect(several.body == Self.weights)
            let empty = try await server.get("/google/tiny/resolve/main/empty.txt", ["Range: bytes=0-0"])
            #expect(empty.status == 200)
            #expect(empty.headers["content-length"] == "0")
        }
    }

    @Test func conditionsAreHonoured() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", Self.files)
            let tag = "\"\(ContentDigests.sha256(of: Self.weights).hex)\""
            for method in ["GET", "HEAD"] {
                let same = try await server.send(method, Self.path, ["If-None-Match: \(tag)", "Range: bytes=0-1"])
                #expect(same.status == 304)
                #expect(same.body.isEmpty)
                #expect(same.headers["x-repo-commit"] == snapshot.commit.hex)
                #expect(same.headers["etag"] == tag)
            }
            #expect(try await server.get(Self.path, ["Range: bytes=0-1", "If-Range: \(tag)"]).status == 206)
            #expect(try await server.get(Self.path, ["Range: bytes=0-1", "If-Range: W/\(tag)"]).status == 200)
            #expect(try await server.get(Self.path, ["Range: bytes=0-1", "If-Range: \"old\""]).status == 200)
        }
    }

    @Test func aHeadIsItsGetWithoutTheBody() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            try await server.add(
                "google/bad", Self.files, findings: [Finding(rule: "licences", effect: .refuse, message: "no")])
            let targets = [
                Self.path, "/google/tiny/resolve/main/config.json", "/google/tiny/resolve/main/empty.txt",
                "/google/tiny/resolve/main/none.json", "/google/tiny/resolve/nowhere/config.json",
                "/google/tiny/resolve/main/..%2f", "/google/bad/resolve/main/config.json",
                "/nobody/nothing/resolve/main/x",
                "/api/models/google/tiny", "/api/models/google/tiny/tree/main", "/api/models/google/tiny/refs",
                "/api/models", "/healthz", "/", "/google/tiny", "/google/bad", "/assets/lapidary.css",
                "/nothing/at/all",
                "/api/whoami-v2",
            ]
            for target in targets {
                var get = try await server.get(target)
                var head = try await server.send("HEAD", target)
                #expect(head.status == get.status, "\(target)")
                #expect(head.body.isEmpty, "\(target)")
                get.headers["date"] = nil
                head.headers["date"] = nil
                #expect(head.headers == get.headers, "\(target)")
                #expect(get.headers["content-length"] == "\(get.body.count)", "\(target)")
            }
            let ignored = try await server.send("HEAD", Self.path, ["Range: bytes=0-1"])
            #expect(ignored.status == 200)
            #expect(ignored.headers["content-length"] == "\(Self.weights.count)")
        }
    }

    @Test func everyTransferIsRecordedOnceForWhatItWas() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            _ = try await server.get("/google/tiny/resolve/main/config.json")
            _ = try await server.send("HEAD", Self.path)
            _ = try await server.get(Self.path, ["Range: bytes=0-99"])
            _ = try await server.get(Self.path, ["If-None-Match: *"])
            _ = try await server.get(Self.path, ["Range: bytes=99999999-"])
            try await server.breakOff(Self.path)
        } afterwards: { registry in
            let count = try #require(try await registry.catalog.pullCounts().values.first)
            #expect(count.heads == 1)
            #expect(count.partial == 1)
            #expect(count.aborted == 1)
            #expect(count.pulls == 0)
            #expect(count.unfinished == 1)
            #expect(count.bytes < Int64(Self.weights.count))
        }
    }

    @Test func aPullThatWasBrokenOffAndResumedIsComplete() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let received = try await server.breakOff(Self.path)
            let rest = try await server.get(Self.path, ["Range: bytes=\(received.count)-"])
            #expect(received + rest.body == Self.weights)
        } afterwards: { registry in
            let count = try #require(try await registry.catalog.pullCounts().values.first)
            #expect(count.aborted == 1)
            #expect(count.pulls == 1)
        }
    }

    @Test func aRevocationCutsARunningTransfer() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", ["model.safetensors": TestServer.bytes(64 << 20)])
            let port = server.port
            let socket = try await blocking {
                let socket = try Socket(port: port, receiveBuffer: 65_536)
                try socket.send("GET \(Self.path) HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try socket.readHead()
                _ = socket.read(1000)
                return socket
            }
            _ = try await RevokeModel(
                repository: RepositoryID("google/tiny"), revision: nil, reason: "leaked training data"
            ).perform(in: server.registry) { _ in }
            let rest = try await blocking { socket.readToEnd() }
            #expect(rest.count + 1000 < 64 << 20)
            let next = try await server.get(Self.path)
            #expect(next.status == 403)
            #expect(next.headers["x-error-code"] == "RevisionNotFound")
            #expect(next.headers["x-error-message"]?.contains("leaked training data") == true)
        } afterwards: { registry in
            let counts = try await registry.catalog.pullCounts()
            #expect(counts.values.first?.aborted == 1)
        }
    }

    @Test func bytesThatTurnOutToBeBadCutARunningTransfer() async throws {
        try await TestServer.run { server in
            let weights = TestServer.bytes(64 << 20)
            try await server.add("google/tiny", ["model.safetensors": weights])
            let port = server.port
            let socket = try await blocking {
                let socket = try Socket(port: port, receiveBuffer: 65_536)
                try socket.send("GET \(Self.path) HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try socket.readHead()
                _ = socket.read(1000)
                return socket
            }
            let blob = try server.registry.blobs.path(of: ContentDigests.sha256(of: weights))
            chmod(blob, 0o644)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: blob))
            try file.seek(toOffset: UInt64(weights.count - 1))
            try file.write(contentsOf: [weights[weights.count - 1] ^ 1])
            try file.close()
            // It goes on to ask upstream, which is not there.
            let scrub = Task { try await Scrub().perform(in: server.registry) { _ in } }
            let deadline = ContinuousClock.now + .seconds(20)
            while try await server.registry.catalog.damagedBlobs().isEmpty, .now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
            let rest = try await blocking { socket.readToEnd() }
            #expect(rest.count + 1000 < weights.count)
            let next = try await server.get(Self.path)
            #expect(next.status == 503)
            #expect(next.headers["x-error-message"]?.contains("rule scrub: ") == true, "\(next.headers)")
            scrub.cancel()
            await #expect(throws: (any Error).self) { try await scrub.value }
        }
    }

    @Test func aDamagedBlobIsNotSent() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let blob = try server.registry.blobs.path(of: ContentDigests.sha256(of: Self.weights))
            chmod(blob, 0o644)
            truncate(blob, 1000)
            let short = try await server.get(Self.path)
            #expect(short.status == 500)
            #expect(short.headers["x-error-code"] == "BlobDamaged")
            unlink(blob)
            symlink("/etc/passwd", blob)
            #expect(try await server.get(Self.path).status == 500)
            unlink(blob)
            let gone = try await server.get(Self.path)
            #expect(gone.status == 500)
            #expect(gone.headers["x-error-code"] == "BlobMissing")
            #expect(try await server.get("/google/tiny/resolve/main/config.json").status == 200)
        }
    }

    @Test func oneConnectionAnswersManyRequestsInTheirOrder() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let port = server.port
            try await blocking {
                let socket = try Socket(port: port)
                let lines = (0..<20).map { index in
                    "GET \(index % 2 == 0 ? Self.path : "/google/tiny/resolve/main/config.json") HTTP/1.1\r\nHost: x\r\n\r\n"
                }
                try socket.send(lines.joined())
                for index in 0..<20 {
                    let expected = index % 2 == 0 ? Self.weights : Self.config
                    #expect(try socket.readHead().status == 200)
                    #expect(socket.read(expected.count) == expected)
                }
            }
        }
    }
}

extension TestServer {
    /// Asks for a file and hangs up after its first MiB.
    /// - Returns: the bytes received by then.
    @discardableResult
    func breakOff(_ target: String) async throws -> [UInt8] {
        let port = port
        return try await blocking {
            let socket = try Socket(port: port, receiveBuffer: 65_536)
            try socket.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try socket.readHead()
            return socket.read(1 << 20)
        }
    }
}
