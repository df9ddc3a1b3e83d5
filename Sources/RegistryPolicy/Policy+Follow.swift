package import RegistryCore

extension Policy {
    /// What `lapidary sync` keeps in step with upstream.
    package struct Follow: Sendable, Equatable {
        /// Hours between two rounds of a server; nil for by hand alone.
        package var everyHours: Int?
        package var repositories: [RepositoryID]
        /// Bases with those of their variants that fit.
        package var bases: [Family]
        /// Authors with those of their models that fit.
        package var authors: [Shelf]
    }

    package struct Family: Sendable, Equatable {
        package var base: RepositoryID
        /// finetune, adapter, quantized, merge.
        package var relations: [String]
        package var filter: FollowFilter
    }

    package struct Shelf: Sendable, Equatable {
        package var author: String
        /// Of the models, without the author.
        package var names: [NamePattern]
        package var filter: FollowFilter
    }

    /// What a model must claim to be followed; the most downloaded first.
    package struct FollowFilter: Sendable, Equatable {
        package var licences: [NamePattern]
        /// Weight formats, any of which will do.
        package var weights: [String]
        /// Bytes; what upstream does not say fits.
        package var maximumSize: Int64
        /// In the last month.
        package var minimumDownloads: Int64
        package var limit: Int

        /// - Parameter weights: formats of the weights that a model claims to have.
        package func admits(licence: String?, weights: [String], size: Int64?, downloads: Int64) -> Bool {
            licences.contains { $0.matches(licence ?? "") } && self.weights.contains { weights.contains($0) }
                && size ?? 0 <= maximumSize && downloads >= minimumDownloads
        }
    }
}

extension Policy.Follow {
    init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        everyHours = try section.integer("every-hours", in: 1...8760, or: "never")
        repositories = try section.repositories("repositories")
        bases = []
        for entry in try section.sections("bases") { bases.append(try Policy.Family(entry)) }
        authors = []
        for entry in try section.sections("authors") { authors.append(try Policy.Shelf(entry)) }
        try section.finish()
    }
}

extension Policy.Family {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        base = try section.repository("base")
        relations = try section.words("relations", of: ["finetune", "adapter", "quantized", "merge"])
        filter = try Policy.FollowFilter(&section)
        try section.finish()
    }
}

extension Policy.Shelf {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        author = try section.text("author")
        guard (try? RepositoryID("\(author)/x")) != nil else {
            throw section.refusal("author", "'\(author.printable)' is no namespace")
        }
        names = try section.texts("names").map(NamePattern.init)
        filter = try Policy.FollowFilter(&section)
        try section.finish()
    }
}

extension Policy.FollowFilter {
    fileprivate init(_ section: inout StrictSection) throws(PolicyError) {
        licences = try section.texts("licences").map(NamePattern.init)
        weights = try section.words("weights", of: ["safetensors", "gguf"])
        maximumSize = try section.size("maximum-size")
        minimumDownloads = Int64(try section.integer("minimum-downloads", in: 0...1_000_000_000))
        limit = try section.integer("limit", in: 1...100_000)
    }
}

extension StrictSection {
    fileprivate mutating func repository(_ key: String) throws(PolicyError) -> RepositoryID {
        let text = try text(key)
        guard let repository = try? RepositoryID(text) else {
            throw refusal(key, "'\(text.printable)' is no namespace/name")
        }
        return repository
    }

    fileprivate mutating func repositories(_ key: String) throws(PolicyError) -> [RepositoryID] {
        var repositories: [RepositoryID] = []
        for text in try texts(key) {
            guard let repository = try? RepositoryID(text) else {
                throw refusal(key, "'\(text.printable)' is no namespace/name")
            }
            repositories.append(repository)
        }
        return repositories
    }

    fileprivate mutating func words(_ key: String, of choices: [String]) throws(PolicyError) -> [String] {
        let words = try texts(key)
        guard !words.isEmpty else { throw refusal(key, "must name at least one of \(choices.joined(separator: ", "))") }
        for word in words where !choices.contains(word) {
            throw refusal(key, "'\(word.printable)' is none of \(choices.joined(separator: ", "))")
        }
        return words
    }
}
