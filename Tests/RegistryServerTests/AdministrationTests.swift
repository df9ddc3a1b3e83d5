import Foundation
import Logging
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryServer
import Testing

@Suite struct AdministrationTests {
    private func post(
        _ server: TestServer, _ verb: String, _ body: String, token: String? = nil
    ) async throws -> Answer {
        let token = token ?? server.registry.adminToken.reveal()
        return try await server.send("POST", "/api/lapidary/\(verb)", ["Authorization: Bearer \(token)"], body: body)
    }

    @Test func aVerbAnswersInLinesOfJSON() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", ["config.json": [1]])
            let list = try await post(server, "list", "{}")
            #expect(list.status == 200)
            #expect(list.headers["content-type"] == "application/x-ndjson")
            #expect(list.text.contains(#"{"answer":[{"#))
            #expect(list.text.contains(#""repository":"google/tiny""#))

            let failed = try await post(server, "show", #"{"repository":"google/none"}"#)
            #expect(failed.status == 200)
            #expect(failed.text.contains(#"{"failure":{"#))
            #expect(failed.text.contains(#""exitCode":1"#))
        }
    }

    @Test func aClientThatHangsUpEndsTheVerbThatItWaitedFor() async throws {
        try await TestServer.run { server in
            let (port, token) = (server.port, server.registry.adminToken.reveal())
            try await blocking {
                let socket = try Socket(port: port)
                let body = #"{"repository":"google/new","revision":"main"}"#
                try socket.send(
                    "POST /api/lapidary/mirror HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(try socket.readHead().status == 200)
                // Chunked: a line with the length in front of each.
                _ = socket.readLine()
                #expect(socket.readLine()?.hasPrefix(#"{"progress":{"message""#) == true)
            }
        } afterwards: { registry in
            // Left alone it would try its upstream, where nobody listens, for many seconds, and say so.
            let job = try await registry.catalog.latestJob(of: RepositoryID("google/new"))
            #expect(job?.state == .cancelled)
            #expect(job?.message == "cancelled")
        }
    }

    @Test func onlyTheOwnersTokenMayAct() async throws {
        try await TestServer.run { server in
            let consumer = try await CreateToken(team: "x", environment: .ci, sector: "", useCase: "")
                .perform(in: server.registry) { _ in }
            for token in [consumer.token, "", "hf_wrong", server.registry.adminToken.reveal() + "x"] {
                #expect(try await post(server, "list", "{}", token: token).status == 401)
            }
            #expect(try await server.send("POST", "/api/lapidary/list", body: "{}").status == 401)
            #expect(try await post(server, "nothing", "{}").status == 404)
            #expect(try await server.get("/api/lapidary/list").status == 405)
        }
    }

    @Test func aBodyThatIsTooLargeOrNoVerbIsRefused() async throws {
        try await TestServer.run { server in
            #expect(try await post(server, "show", "{").status == 400)
            #expect(try await post(server, "show", "[]").status == 400)
            let bad = try await post(server, "show", #"{"repository":"../x"}"#)
            #expect(bad.status == 400)
            #expect(try await post(server, "show", String(repeating: " ", count: 1 << 20 + 1)).status == 413)
        }
    }

    @Test func aScanIsTakenFromAnyConsumer() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", ["model.safetensors": [1, 2, 3]])
            let digest = ContentDigests.sha256(of: [1, 2, 3]).hex
            let report = """
                {"host":"gpu-7","models":[{"path":"/cache/x","repository":"google/tiny","commit":"\(snapshot.commit)",
                "weights":[{"path":"model.safetensors","size":3,"digest":"\(digest)"}]}]}
                """
            let answer = try await server.send(
                "POST", "/api/inventory", ["Content-Type: application/json"], body: report)
            #expect(answer.status == 200)
            #expect(answer.text.contains(#""state":"approved""#))
            #expect(try await server.send("POST", "/api/inventory", body: #"{"host":""}"#).status == 400)
            let page = try await server.get("/google/tiny")
            #expect(page.text.contains("gpu-7"))
        }
    }

    @Test func aTakenPortIsSaidInOneLine() async throws {
        try await TestServer.run { server in
            let second = try buildServer(
                registry: server.registry, host: "127.0.0.1", port: Int(server.port), logger: Logger(label: "test"))
            let error = try #require(await #expect(throws: ServerError.self) { try await second.run() })
            #expect("\(error)".hasPrefix("port \(server.port) of 127.0.0.1 is taken by another process"))
            #expect(!"\(error)".contains("\n"))
        }
    }
}
