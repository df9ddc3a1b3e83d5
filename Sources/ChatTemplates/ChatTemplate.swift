/// A chat template, read and ready to render: the Jinja that Hugging Face's templates use, as transformers'
/// `apply_chat_template` renders it. It reaches nothing of the host, and everything it uses up is bounded.
package struct ChatTemplate: Sendable {
    private let body: [Statement]
    private let scopes: TemplateScopes

    /// Reads a template. What Jinja would refuse is `malformed`; what it knows and this does not is `notEvaluated`.
    package init(parsing source: String, limits: TemplateLimits = .standard) throws(TemplateError) {
        guard source.utf8.count <= limits.sourceBytes else {
            throw .exceeded(limit: "\(limits.sourceBytes) bytes of template", line: 1)
        }
        let parsed = try TemplateParser.parse(source, limits: limits)
        body = parsed.body
        scopes = try TemplateScopes(parsed.body, count: parsed.scopes, limits: limits)
    }

    /// The text that the template makes of `variables` (`messages`, `tools`, `add_generation_prompt`, `bos_token` …).
    /// A later variable replaces an earlier one of its name.
    package func render(
        _ variables: [(key: String, value: TemplateValue)], limits: TemplateLimits = .standard
    ) throws(TemplateError) -> String {
        let interpreter = try Interpreter(scopes: scopes, variables: variables, limits: limits)
        return try interpreter.render(body)
    }
}
