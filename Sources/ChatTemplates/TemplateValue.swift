/// A value that a template computes with: what JSON can hold, and `undefined`.
package indirect enum TemplateValue: Equatable, Sendable {
    case undefined
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([TemplateValue])
    /// Members in the order in which they were made.
    case mapping([(key: String, value: TemplateValue)])

    package static func == (left: TemplateValue, right: TemplateValue) -> Bool {
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)): a == b
        case (.mapping(let a), .mapping(let b)):
            a.count == b.count
                && a.allSatisfy { one in b.contains { $0.key.utf8.elementsEqual(one.key.utf8) && $0.value == one.value }
                }
        default: false
        }
    }
}
