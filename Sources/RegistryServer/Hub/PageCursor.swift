import Foundation

/// Where the next page of a listing begins: after this name.
///
/// Spelled as the Hub spells it, because text-generation-webui builds the text itself and reads on until it gets an
/// empty page: base64 of (base64 of `{"file_name":"…"}`, then `:` and the page's size).
struct PageCursor {
    let name: String

    private struct Content: Codable {
        let fileName: String

        enum CodingKeys: String, CodingKey {
            case fileName = "file_name"
        }
    }

    init(after name: String) { self.name = name }

    /// Nil where the text is no such cursor.
    init?(_ text: String) {
        guard text.utf8.count <= 8192, let outer = Foundation.Data(base64Encoded: text) else { return nil }
        let inner = String(decoding: outer, as: UTF8.self).prefix { $0 != ":" }
        guard let json = Foundation.Data(base64Encoded: String(inner)) else { return nil }
        guard let content = try? JSONDecoder().decode(Content.self, from: json) else { return nil }
        name = content.fileName
    }

    /// - Parameter size: items on a page.
    func text(size: Int) throws -> String {
        let inner = try JSONEncoder().encode(Content(fileName: name)).base64EncodedString()
        return Foundation.Data("\(inner):\(size)".utf8).base64EncodedString()
    }
}

extension Query {
    /// `limit`, as far as it is one; nil where everything was asked for.
    func limit(atMost most: Int) -> Int? { self["limit"].flatMap { Int($0) }.map { min(max($0, 1), most) } }

    /// - Throws: ``ErrorResponse`` where a cursor is given that is none: starting over would loop for ever.
    func cursor() throws -> PageCursor? {
        guard let text = self["cursor"] else { return nil }
        guard let cursor = PageCursor(text) else {
            throw ErrorResponse.badRequest("the cursor is not one of this registry's")
        }
        return cursor
    }
}
