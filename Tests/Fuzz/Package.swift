// swift-tools-version: 6.2
import PackageDescription

// The parsers that read what comes from outside, under libFuzzer and the address sanitizer. A package of its own, because
// these flags must not reach what is shipped; ModelFormats is the same source, by a symbolic link.
let sanitized = ["-sanitize=fuzzer,address"]
let package = Package(
    name: "fuzz",
    targets: [
        .target(name: "LibFuzzer", swiftSettings: [.unsafeFlags(sanitized)]),
        .target(
            name: "ModelFormats",
            swiftSettings: [
                .unsafeFlags(sanitized), .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("ExistentialAny"),
            ]),
    ]
        + ["FuzzSafetensors", "FuzzGGUF", "FuzzTokenizer", "FuzzConfiguration"].map { name in
            .executableTarget(
                name: name, dependencies: ["LibFuzzer", "ModelFormats"],
                swiftSettings: [.unsafeFlags(sanitized + ["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(sanitized)])
        },
    swiftLanguageModes: [.v6]
)
