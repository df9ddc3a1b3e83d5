/// One token of a template, as Jinja's lexer names them.
struct TemplateToken: Sendable {
    enum Kind: Equatable, Sendable {
        case data(Text)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(Text)
        case integer(Int)
        case number(Double)
        /// An operator, bracket or separator by its spelling.
        case symbol(String)
        case end
    }
    let kind: Kind
    let line: Int

    /// How an error shows the token.
    var shown: String {
        switch kind {
        case .data: "template text"
        case .variableBegin: "begin of print statement"
        case .variableEnd: "end of print statement"
        case .blockBegin: "begin of statement block"
        case .blockEnd: "end of statement block"
        case .name(let name): "'\(name)'"
        case .string: "string"
        case .integer: "integer"
        case .number: "float"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "end of template"
        }
    }
}
