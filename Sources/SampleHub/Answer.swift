import HTTPTypes
import Hummingbird
import NIOCore

/// What a route answers, before it becomes Hummingbird's response.
struct Answer: Sendable {
    var status: Int
    /// Header lines, in order.
    var fields: [(name: String, value: String)] = []
    var body = ResponseBody()

    init(_ status: Int, _ fields: [(name: String, value: String)] = [], body: ResponseBody = ResponseBody()) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    static func json(_ value: JSON, status: Int = 200, _ fields: [(name: String, value: String)] = []) -> Answer {
        text(value.bytes, type: "application/json; charset=utf-8", status: status, fields)
    }

    static func text(
        _ bytes: [UInt8], type: String, status: Int = 200, _ fields: [(name: String, value: String)] = []
    ) -> Answer {
        Answer(status, fields + [("Content-Type", type)], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A refusal as huggingface.co words it: the message in a header and in the body, a code where it has one.
    static func refusal(_ status: Int, code: String? = nil, _ message: String, commit: String? = nil) -> Answer {
        var fields = [("X-Error-Message", message)]
        if let code { fields.append(("X-Error-Code", code)) }
        if let commit { fields.append(("X-Repo-Commit", commit)) }
        return json(.object(["error": .text(message)]), status: status, fields)
    }

    /// Replaces every field of that name.
    mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { $0.name.lowercased() == name.lowercased() }
        if let value { fields.append((name, value)) }
    }

    func response(isHead: Bool) -> Response {
        var headers = HTTPFields()
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        let response = Response(status: HTTPResponse.Status(code: status), headers: headers, body: body)
        return isHead ? response.createHeadResponse() : response
    }
}
