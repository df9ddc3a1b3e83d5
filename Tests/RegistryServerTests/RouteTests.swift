import HTTPTypes
import RegistryCore
import RegistryServer
import Testing

@Suite struct RouteTests {
    @Test func everyAddressOfTheHubIsUnderstood() throws {
        let gemma = try RepositoryID("google/gemma-3-1b-it")
        let main = Revision.main
        let commit = String(repeating: "a1", count: 20)
        let pull = try Revision("refs/pr/1")
        let expected: [(String, Route)] = [
            ("/", .home), ("/healthz", .health), ("/assets/lapidary.css", .stylesheet),
            ("/compare", .compare), ("/tests", .tests), ("/tests/", .tests), ("/jobs", .jobs),
            ("/google/gemma-3-1b-it", .modelPage(gemma)), ("/google/gemma-3-1b-it/", .modelPage(gemma)),
            ("/api/models", .models), ("/api/models/", .models), ("/api/whoami-v2", .whoAmI),
            ("/api/models/google/gemma-3-1b-it", .model(gemma, main)),
            ("/api/models/google/gemma-3-1b-it/revision/main", .model(gemma, main)),
            ("/api/models/google/gemma-3-1b-it/revision/\(commit)", .model(gemma, try Revision(commit))),
            ("/api/models/google/gemma-3-1b-it/revision/refs%2Fpr%2F1", .model(gemma, pull)),
            ("/api/models/google/gemma-3-1b-it/tree/main", .tree(gemma, main, folder: nil)),
            ("/api/models/google/gemma-3-1b-it/tree/main/", .tree(gemma, main, folder: nil)),
            (
                "/api/models/google/gemma-3-1b-it/tree/main/sub%2Fdir",
                .tree(gemma, main, folder: try RepositoryPath("sub/dir"))
            ),
            (
                "/api/models/google/gemma-3-1b-it/tree/refs%2fpr%2F1/sub/dir",
                .tree(gemma, pull, folder: try RepositoryPath("sub/dir"))
            ),
            ("/api/models/google/gemma-3-1b-it/refs", .refs(gemma)),
            ("/api/models/google/gemma-3-1b-it/paths-info/main", .pathsInfo(gemma, main)),
            ("/api/models/google/gemma-3-1b-it/auth-check", .authCheck(gemma)),
            (
                "/google/gemma-3-1b-it/resolve/main/config.json",
                .resolve(gemma, main, try RepositoryPath("config.json"))
            ),
            (
                "/google/gemma-3-1b-it/resolve/refs%2Fpr%2F1/sub/dir/extra%20file%20%C3%A9.txt",
                .resolve(gemma, pull, try RepositoryPath("sub/dir/extra file é.txt"))
            ),
            (
                "/google/gemma-3-1b-it/raw/main/a+b.json",
                .raw(gemma, main, try RepositoryPath("a+b.json"))
            ),
            ("/api/lapidary/mirror", .verb("mirror")), ("/api/inventory", .inventory),
            ("/api/agent-harnesses", .unknown), ("/api/telemetry/hub/x", .unknown), ("/favicon.ico", .unknown),
            ("/api/datasets/a/b", .unknown), ("/datasets/a/b/resolve/main/x", .unknown), ("/api", .unknown),
            ("/google/gemma-3-1b-it/resolve/main", .unknown), ("/google/gemma-3-1b-it/blob/main/x", .unknown),
            ("/v2/google", .unknown), ("/assets/other.css", .unknown), ("//", .unknown),
            ("/../../etc/passwd/x/y", .unknown), ("//evil/x", .unknown),
        ]
        for (path, route) in expected {
            let read = try Route(path: path)
            #expect(read == route, "\(path)")
        }
    }

    private static let file = "/google/gemma-3-1b-it/resolve/main"
    private static let tree = "/api/models/google/gemma-3-1b-it/tree/main"

    @Test(arguments: [
        "", "google", "google/gemma/resolve/main/x", "http://other/x",
        "\(file)/../config.json", "\(file)/a/../../b", "\(file)/..", "\(file)/.", "\(file)/./x", "\(file)//x",
        "\(file)/a//b", "\(file)/%2e%2e/x", "\(file)/%2E%2E/%2e%2e/etc/passwd", "\(file)/..%2f..%2fetc",
        "\(file)/a%2fb", "\(file)/a%2Fb", "\(file)/%2fetc%2fpasswd", "\(file)/%5c%5chost%5cshare", "\(file)/a%5Cb",
        "\(file)/a\\b", "\(file)/%252e%252e/x", "\(file)/a%25b", "\(file)/%2525", "\(file)/x%00.json", "\(file)/%00",
        "\(file)/x%0d%0aSet-Cookie:a", "\(file)/x%0a", "\(file)/x%7f", "\(file)/x%1b[0m", "\(file)/x%", "\(file)/x%2",
        "\(file)/x%zz", "\(file)/x%c3", "\(file)/%c0%af", "\(file)/%c0%ae%c0%ae/x", "\(file)/%ff%fe",
        "\(file)/%ed%a0%80",
        "\(file)/-rf", "\(file)/~root", "\(file)/C:x", "\(file)/a*b", "\(file)/a%3fb", "\(file)/a%22b", "\(file)/a%3Cb",
        "\(file)/a|b", "\(file)/e%CC%81.txt",
        "/google/..%2f..%2fetc/resolve/main/x", "/google/%2e%2e/resolve/main/x",
        "/go%6fgle%2fx/y/resolve/main/x", "/google/a--b/resolve/main/x", "/google/a..b/resolve/main/x",
        "/google/x.git/resolve/main/x", "/goo gle/x/resolve/main/x", "/goog%20le/x/resolve/main/x",
        "/g%C3%B6ogle/x/resolve/main/x", "/-google/x/resolve/main/x", "/google/%00/resolve/main/x",
        "/v2/x/resolve/main/y", "/api/models/google/..", "/api/models/google/%2e%2e/refs", "/api/models/-x/y",
        "\(tree)/..", "\(tree)/%2e%2e", "\(tree)/a%2f..%2fb", "\(tree)/%2f", "\(tree)/a%2f%2fb", "\(tree)/a%252fb",
        "\(tree)/a%5cb", "\(tree)//", "\(tree)/a%00",
    ])
    func aHostilePathIsRefused(path: String) throws {
        let error = try #require(throws: ErrorResponse.self) { try Route(path: path) }
        #expect(error.status == .badRequest)
        #expect(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test(arguments: [
        "..", "%2e%2e", "a%2f..%2fb", "-x", "a%20b", "a~1", "a%5e", "%2fmain", "main%2f", "a%2f%2fb", "a@%7Bb",
        "%c3%a9",
    ])
    func whatCanBeNoRevisionIsNotFound(revision: String) throws {
        let path = "/google/gemma-3-1b-it/resolve/\(revision)/config.json"
        let error = try #require(throws: ErrorResponse.self) { try Route(path: path) }
        #expect(error.status == .notFound)
        #expect(error.code == "RevisionNotFound")
    }

    @Test func aLongPathIsRefusedBeforeItIsTakenApart() throws {
        let path = "/google/gemma-3-1b-it/resolve/main/" + String(repeating: "a/", count: 5000)
        let error = try #require(throws: ErrorResponse.self) { try Route(path: path) }
        #expect(error.status == .uriTooLong)
    }

    @Test func aCanonicalIdIsARepositoryThatIsNotHere() throws {
        let error = try #require(throws: ErrorResponse.self) { try Route(path: "/api/models/gpt2") }
        #expect(error.code == "RepoNotFound")
    }
}
