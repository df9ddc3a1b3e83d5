import Foundation
import RegistryCore
import Testing

@Suite struct MalformedRequestTests {
    /// Each would be read differently by another server in front of this one, or asks for too much room.
    @Test func whatCouldBeReadInTwoWaysIsRefusedAndTheConnectionClosed() async throws {
        let post = "POST /api/inventory HTTP/1.1\r\nHost: x\r\n"
        let requests = [
            post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            post + "Content-Length: +5\r\n\r\nabcde",
            post + "Content-Length: 99999999999999999999\r\n\r\n",
            post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 9000) + "\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
            "GET /\u{0} HTTP/1.1\r\nHost: x\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}",
        ]
        try await TestServer.run { server in
            let port = server.port
            try await blocking {
                for request in requests {
                    let socket = try Socket(port: port)
                    try socket.send(request)
                    let answer = String(decoding: socket.readToEnd(), as: UTF8.self)
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(request.prefix(200).debugDescription)")
                    #expect(
                        answer.components(separatedBy: "HTTP/1.1 ").count == 2,
                        "\(request.prefix(200).debugDescription)")
                }
            }
        }
    }
}
