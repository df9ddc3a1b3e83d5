import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// Upstream sends us somewhere else (reliability C1, C3, C5).
@Suite struct RedirectTableTests {
    private static func to(_ location: String?) -> HostileHub.Script {
        at(.resolve) { reply, _ in reply["Location"] = location }
    }

    private static let loop = "/hostile/model/resolve/main/model.safetensors"

    static let rows: [Row] = [
        Row(
            "to a host that nobody listed", .fails("redirectRefused", "redirects to elsewhere.example"),
            to("http://elsewhere.example/x")),
        Row(
            "to the metadata service of a cloud", .fails("privateAddress", "169.254.169.254"), hosts: ["*"],
            to("http://169.254.169.254/latest/")),
        Row(
            "to this machine, spelled as one number", .fails("privateAddress", "127.0.0.2"), hosts: ["*"],
            to("http://2130706434/")),
        Row("to a name of this machine that only a pattern lists", .fails("privateAddress", "localhost"), hosts: ["*"])
        { _, _ in },
        Row(
            "to a file", .fails("protocolViolation", "an http or https address, got file:///etc/passwd"),
            to("file:///etc/passwd")),
        Row(
            "to another protocol", .fails("protocolViolation", "an http or https address, got ftp://localhost/x"),
            to("ftp://localhost/x")),
        Row(
            "to a user at another host", .fails("protocolViolation", "an http or https address, got http://localhost@"),
            to("http://localhost@elsewhere.example/")),
        Row("to nowhere", .fails("protocolViolation", "expected a Location, got none"), to(nil)),
        Row(
            "to an address with a line break in it", .fails("protocolViolation", "blank or control character"),
            to("http://localhost/\rX-Injected: 1")),
        Row("to itself", .fails("protocolViolation", "chain of redirects"), to(loop)),
        Row(
            "from the storage back again", .fails("protocolViolation", "chain of redirects"),
            at(.bytes) { reply, request in
                reply = HostileReply(
                    302, [("Location", "http://127.0.0.1:\(request.host.split(separator: ":").last ?? "")\(loop)")])
            }),
        Row(
            "with a body that has no end", .right,
            at(.resolve) { reply, _ in
                reply.body = .endless
                reply.framing = .connection
            }),
        Row("by 301", .right, at(.resolve) { reply, _ in reply.status = 301 }),
        Row("by 303", .right, at(.resolve) { reply, _ in reply.status = 303 }),
        Row("by 307", .right, at(.resolve) { reply, _ in reply.status = 307 }),
        Row("by 308", .right, at(.resolve) { reply, _ in reply.status = 308 }),
        Row(
            "by 300", .fails("protocolViolation", "got 300 with none"), at(.resolve) { reply, _ in reply.status = 300 }),
        Row(
            "by 304", .fails("protocolViolation", "got 304 with none"), at(.resolve) { reply, _ in reply.status = 304 }),
        Row(
            "once more, from the storage to itself", .right,
            at(.bytes) { reply, request in
                guard !request.target.contains("again") else { return }
                reply = HostileReply(307, [("Location", "/storage/again?Signature=2")])
            }),
    ]

    @Test(arguments: rows) func endsAsItsRowSays(row: Row) async throws { try await row.play() }
}
