import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import RegistryCore

/// What travels with a request: the connection it came on.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The peer's IP address, without its port.
    var address: String { channel.remoteAddress?.ipAddress ?? "" }
}

extension Request {
    /// What precedes the query, undecoded.
    var rawPath: String { String(target.prefix { $0 != "?" }) }

    var query: Query { Query(target.drop { $0 != "?" }.dropFirst()) }

    /// The token of `Authorization: Bearer …`, or of `Basic …` with the token as password, as git sends it.
    /// Nil without the header; an empty secret, which nobody has, where it says something else.
    var token: Secret? {
        guard let header = headers[.authorization] else { return nil }
        let words = header.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2 else { return Secret("") }
        switch words[0].lowercased() {
        case "bearer": return Secret(String(words[1]))
        case "basic": return Secret(BasicCredentials.password(String(words[1])) ?? "")
        default: return Secret("")
        }
    }

    /// `http://host:port` as the client spelled it: behind a proxy, what the proxy says it was asked for.
    var publicURL: String {
        let host = headers.value("X-Forwarded-Host") ?? head.authority ?? ""
        let scheme = headers.value("X-Forwarded-Proto") == "https" ? "https" : "http"
        let isPlain = !host.isEmpty && host.utf8.count <= 255 && host.utf8.allSatisfy(\.isHostByte)
        return "\(scheme)://\(isPlain ? host : "localhost")"
    }

    private var target: String { head.path ?? "/" }
}

extension UInt8 {
    fileprivate var isHostByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
