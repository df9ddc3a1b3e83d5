/// One GET to one address; redirects come back as answers.
struct TransferRequest: Sendable {
    let address: WebAddress
    /// Whole lines, `Name: value`, already free of control characters.
    let headers: [String]
    let userAgent: String
    let deadlines: Deadlines
    /// The most that the whole transfer may take.
    let total: Duration
    /// Bytes of a file: they come over a connection of their own, and count against the bandwidth.
    var isBody = false
    /// Whether the host may have an address of this machine or its network.
    var mayBePrivate = true
    /// Upstream's own origin: credentials of a netrc file are for it alone.
    var isHome = true
}

/// Takes an answer as it arrives; called on the transfer thread only. What it throws ends the transfer and comes back
/// unchanged.
protocol TransferReceiver: AnyObject, Sendable {
    /// The header of an answer below 400, before any of its body.
    func inspect(_ head: ResponseHead, from address: WebAddress) throws
    /// Body of a 2xx answer.
    func receive(_ bytes: UnsafeRawBufferPointer) throws
    /// The answer is over, whether it came to its end or not.
    func finish() throws
}

extension TransferReceiver {
    func finish() throws {}
}

/// Status and header of an answer; of a refusal also the beginning of its body.
struct ResponseHead: Sendable {
    var status = 0
    /// Names in lower case, in order of arrival.
    var fields: [(name: String, value: String)] = []
    /// At most ``Transfer/errorBodyLimit`` bytes of the body of an answer that is not 2xx.
    var errorBody: [UInt8] = []
    /// How it came, once it is here.
    var journey: Journey?

    /// The first field of that name (lower case).
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The target of `Link: <…>; rel="next"`.
    var nextPage: String? {
        for field in fields where field.name == "link" {
            // Between `<` and `>` anything may stand, commas too; a page missed here would be a tree cut short.
            for link in field.value.split(separator: "<") {
                let sides = link.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
                guard sides.count == 2 else { continue }
                let relation = sides[1].filter { $0 != "\"" && $0 != " " }.lowercased()
                if relation.contains(";rel=next") { return String(sides[0]) }
            }
        }
        return nil
    }
}

/// Why a transfer did not come to its end.
struct TransferFault: Error {
    enum Kind: Sendable {
        /// Name, connection, TLS, or a silence.
        case noAnswer
        /// What answered does not speak HTTP.
        case noHTTP
        /// The connection broke in the middle of the answer.
        case brokenOff
        /// The connection ended before the answer did, in good order.
        case endedEarly
        /// A deadline of ours.
        case tooSlow
    }

    let kind: Kind
    /// libcurl's words, or ours for a deadline of ours.
    let reason: String
    /// True where the same request may do better a moment later.
    let mayPass: Bool
    /// The server's certificate is not one that we trust, or not for that name.
    var isUntrusted = false

    init(_ kind: Kind, _ reason: String, mayPass: Bool = true) {
        self.kind = kind
        self.reason = reason
        self.mayPass = mayPass
    }
}
