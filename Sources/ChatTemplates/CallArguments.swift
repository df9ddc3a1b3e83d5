/// The values that a call, a filter or a test is given.
struct CallArguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []

    /// The values for named parameters, nil where one was not given; more, unknown or repeated ones fail.
    func bound(
        to names: [String], required: Int = 0, of callee: String, by interpreter: Interpreter
    ) throws(TemplateError) -> [Value?] {
        guard positional.count <= names.count else {
            throw interpreter.failed("\(callee) takes \(names.count) argument(s) but \(positional.count) were given")
        }
        var result: [Value?] = positional + Array(repeating: nil, count: names.count - positional.count)
        for (name, value) in keywords {
            guard let index = names.firstIndex(of: name) else {
                throw interpreter.failed("\(callee) got an unexpected keyword argument '\(name)'")
            }
            guard result[index] == nil else {
                throw interpreter.failed("\(callee) got multiple values for argument '\(name)'")
            }
            result[index] = value
        }
        for index in 0..<required where result[index] == nil {
            throw interpreter.failed("\(callee) is missing the argument '\(names[index])'")
        }
        return result
    }

    /// Positional values only, between `least` and `most` of them.
    func plain(_ least: Int, _ most: Int, of callee: String, by interpreter: Interpreter) throws(TemplateError)
        -> [Value]
    {
        guard keywords.isEmpty else { throw interpreter.failed("\(callee) takes no keyword arguments") }
        guard positional.count >= least, positional.count <= most else {
            throw interpreter.failed("\(callee) takes \(least) to \(most) arguments (\(positional.count) given)")
        }
        return positional
    }
}
