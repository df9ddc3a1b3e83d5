/// What one template may use up. Every bound ends in `TemplateError.exceeded`, before the memory is asked for.
package struct TemplateLimits: Sendable {
    /// Expressions and statements evaluated, and one step for every 64 bytes that they made.
    package var steps: Int
    /// Expressions, blocks and macro calls inside one another, while parsing and while rendering.
    package var depth: Int
    /// UTF-8 bytes of the rendered text.
    package var outputBytes: Int
    /// UTF-8 bytes of the template.
    package var sourceBytes: Int
    /// Bytes of all strings, lists and mappings made, counted when made and never given back.
    package var memoryBytes: Int
    /// Seconds since 1970 (UTC) that `strftime_now` shows; nil is the moment of rendering.
    package var moment: Int?

    package init(
        steps: Int = 2_000_000, depth: Int = 400, outputBytes: Int = 4 << 20, sourceBytes: Int = 1 << 20,
        memoryBytes: Int = 128 << 20, moment: Int? = nil
    ) {
        self.steps = steps
        self.depth = depth
        self.outputBytes = outputBytes
        self.sourceBytes = sourceBytes
        self.memoryBytes = memoryBytes
        self.moment = moment
    }

    /// Far above what a published chat template needs, far below what would hurt the machine.
    package static let standard = TemplateLimits()
}
