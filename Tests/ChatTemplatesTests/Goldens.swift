import ChatTemplates
import Foundation
import ModelFormats
import Testing

/// What transformers rendered (`Fixtures/ChatTemplates`), and the tiny checkpoints' chats (`Fixtures/Models`).
enum Goldens {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: fixtures.appending(path: path))) }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    static func json(_ path: String) throws -> JSONObject {
        try #require(try JSONValue(parsing: try bytes(path), file: path).object)
    }

    static func value(_ json: JSONValue) -> TemplateValue {
        switch json {
        case .null: .none
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .array(let items): .list(items.map(value))
        case .object(let object): .mapping(variables(object))
        }
    }

    static func variables(_ object: JSONObject) -> [(key: String, value: TemplateValue)] {
        object.members.map { ($0.key, value($0.value)) }
    }

    /// Limits with the moment that the goldens were made at.
    static func limits(_ file: JSONObject) throws -> TemplateLimits {
        guard case .integer(let moment)? = file["moment"] else {
            Issue.record("the goldens name no moment")
            return .standard
        }
        return TemplateLimits(moment: moment)
    }

    static func cases(_ file: JSONObject, _ name: String = "cases") throws -> [JSONObject] {
        guard case .array(let items)? = file[name] else {
            Issue.record("the goldens have no \(name)")
            return []
        }
        return try items.map { try #require($0.object) }
    }

    /// Compares one golden case with what this interpreter makes of it.
    static func check(
        _ golden: JSONObject, _ template: String, _ variables: [(key: String, value: TemplateValue)],
        _ limits: TemplateLimits, _ name: Comment
    ) throws {
        let result = Result { () throws(TemplateError) in
            try ChatTemplate(parsing: template, limits: limits).render(variables, limits: limits)
        }
        switch result {
        case .success(let text):
            let wanted = try #require(golden["rendered"]?.string, name)
            #expect(text.utf8.elementsEqual(wanted.utf8), "\(name): \(text.debugDescription)")
        case .failure(.raised(let message, _)):
            #expect(golden["raised"]?.string == message, name)
        case .failure(.failed), .failure(.malformed): #expect(golden["fails"] != nil, "\(name): \(result)")
        case .failure(.notEvaluated), .failure(.exceeded):
            // Where Jinja fails too, it does not matter how this says that it gives no text.
            #expect(golden["fails"] != nil, "\(name): \(result)")
        }
    }
}
