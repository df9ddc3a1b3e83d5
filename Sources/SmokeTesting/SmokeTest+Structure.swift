import ModelFormats

extension SmokeTest {
    /// Configuration and headers: every tensor that the configuration implies is there with its shape.
    mutating func checkTensors() -> (GemmaConfiguration, ModelTensors)? {
        let name = SmokeTestReport.CheckName.tensorsPresentAndShaped
        let bound = "every tensor that the configuration implies, with its shape, in a type that is computed"
        progress(name, 0)
        modelType = GemmaConfiguration.statedModelType(of: files)
        do {
            let configuration = try source().configuration()
            modelType = configuration.modelType
            let tensors = try source().tensors()
            let expected = try configuration.expectedTensors(in: tensors)
            let comparison = expected.compared(with: tensors)
            let value =
                "\(expected.required.count - comparison.missing.count - comparison.misshapen.count) of "
                + "\(expected.required.count) tensors"
            if let missing = comparison.missing.first {
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "\(missing.name) of shape \(missing.shape) is missing\(andMore(comparison.missing.count))")
            } else if let (wanted, got) = comparison.misshapen.first {
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "\(wanted.name): the configuration implies shape \(wanted.shape), the file holds \(got)"
                        + andMore(comparison.misshapen.count))
            } else if let (tensor, element) = comparison.unreadable.first {
                record(
                    name, .unsupported, value: value, bound: bound,
                    reason: "\(tensor) is stored as \(element.rawValue), which this build does not compute"
                        + andMore(comparison.unreadable.count))
            } else if let extra = comparison.unexpected.first {
                record(
                    name, .warned, value: value, bound: bound,
                    reason: "\(printable(extra)) is not part of a \(configuration.modelType) model and was not run"
                        + andMore(comparison.unexpected.count))
                return (configuration, tensors)
            } else {
                record(
                    name, .passed, value: value, bound: bound,
                    reason: "\(tensors.parameterCount) parameters in \(tensors.files.count) file(s)")
                return (configuration, tensors)
            }
        } catch let error as ModelFormatError {
            switch error {
            case .unsupported, .quantised: record(name, .unsupported, bound: bound, reason: error.description)
            default: record(name, .failed, bound: bound, reason: error.description)
            }
        } catch {
            record(name, .failed, bound: bound, reason: "\(error)")
        }
        return nil
    }

    /// Texts that a sound tokenizer gives back as they were. A literal `▁` is left out: it comes back as a space.
    static let roundTripTexts = [
        "The old harbour woke before the sun did.", " leading and  double   spaces ", "tab\tand\n\nnew\n\n\nlines\n",
        "1,250,000 people in 2025", "naïve café łódź", "e\u{301} combining", "日本語 中文 한국어", "emoji 🙂👩‍👩‍👧 done",
        "العربية עברית", "def add(a, b):\n    return a + b\n", "null\u{0}byte", "", " ", "\n", "          ten spaces",
    ]

    mutating func checkTokenizer(vocabularySize: Int) -> Tokenizer? {
        let name = SmokeTestReport.CheckName.tokenizerRoundTrip
        let bound = "decode(encode(text)) = text; ids below the \(vocabularySize) rows of the embedding"
        progress(name, 0)
        do {
            guard let tokenizer = try source().tokenizer() else {
                record(name, .failed, bound: bound, reason: "\(Tokenizer.path) is not among the files of this model")
                return nil
            }
            let total = Self.roundTripTexts.count
            let wrong = Self.roundTripTexts.filter { text in
                let back = tokenizer.decode(tokenizer.encode(text, addsSpecial: false))
                return !back.utf8.elementsEqual(text.utf8)
            }
            let value = "\(total - wrong.count) of \(total) texts"
            if let text = wrong.first {
                let back = tokenizer.decode(tokenizer.encode(text, addsSpecial: false))
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "\"\(printable(text))\" came back as \"\(printable(back))\"\(andMore(wrong.count))")
            } else if tokenizer.idCount > vocabularySize {
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "the tokenizer has ids up to \(tokenizer.idCount - 1)")
            } else if tokenizer.beginOfSequence == nil {
                record(name, .failed, value: value, bound: bound, reason: "there is no <bos>, which every Gemma needs")
            } else {
                record(name, .passed, value: value, bound: bound, reason: "\(tokenizer.pieceCount) pieces")
                return tokenizer
            }
        } catch {
            record(name, .failed, bound: bound, reason: "\(error)")
        }
        return nil
    }
}
