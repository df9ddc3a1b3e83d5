// swift-tools-version: 6.2
import PackageDescription

// Targets are the walls (README, "How it is built"): the leaves never import each other, only RegistryOperations
// joins them, and each third-party package is imported by the one target that lists it.
let package = Package(
    name: "lapidary",
    products: [.executable(name: "lapidary", targets: ["lapidary"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        // Calls of Linux that Swift's Glibc does not show.
        .systemLibrary(name: "CLinux"),
        .target(name: "CGemmaKernels"),
        .target(name: "CSandbox"),

        .target(name: "RegistryCore", dependencies: ["COpenSSL"]),
        .target(name: "ModelFormats"),
        .target(name: "GemmaInference", dependencies: ["ModelFormats", "CGemmaKernels"]),
        .target(name: "ChatTemplates"),
        .target(
            name: "SmokeTesting",
            dependencies: ["RegistryCore", "ModelFormats", "GemmaInference", "ChatTemplates", "CGemmaKernels"]),
        // Breaks healthy checkpoints and sees whether the smoke test notices: `lapidary bench faults`, and its tests.
        .target(
            name: "FaultInjection", dependencies: ["RegistryCore", "ModelFormats", "GemmaInference", "SmokeTesting"]),

        .target(name: "SealedProcess", dependencies: ["RegistryCore", "CSandbox"]),

        .target(name: "RegistryUpstream", dependencies: ["RegistryCore", "CCurl"]),
        .target(name: "RegistryStorage", dependencies: ["RegistryCore", "CLinux"]),
        .target(
            name: "RegistryCatalog",
            dependencies: ["RegistryCore", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(name: "RegistryPolicy", dependencies: ["RegistryCore", "Yams"]),

        .target(
            name: "RegistryOperations",
            dependencies: [
                "RegistryCore", "RegistryUpstream", "RegistryStorage", "RegistryCatalog", "RegistryPolicy",
                "ModelFormats", "SmokeTesting", "SealedProcess",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "RegistryServer",
            dependencies: [
                "RegistryCore", "RegistryCatalog", "RegistryStorage", "RegistryOperations",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Pages/Templates")]),
        .target(
            name: "SampleHub",
            dependencies: ["RegistryCore", "COpenSSL", .product(name: "Hummingbird", package: "hummingbird")]),
        // Answers byte for byte what a script says: what no HTTP library would send.
        .target(name: "HostileHub", dependencies: ["RegistryCore"]),
        .executableTarget(
            name: "lapidary",
            dependencies: [
                "RegistryCore", "RegistryUpstream", "RegistryStorage", "RegistryCatalog", "RegistryPolicy",
                "ModelFormats", "GemmaInference", "SmokeTesting", "FaultInjection", "RegistryOperations",
                "RegistryServer",
                "SampleHub", "HostileHub", "SealedProcess",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        .testTarget(name: "RegistryCoreTests", dependencies: ["RegistryCore"]),
        .testTarget(name: "ModelFormatsTests", dependencies: ["ModelFormats"]),
        // The tiny checkpoints of Tests/Fixtures/Models, and copies of them that a test may change.
        .target(name: "FixtureModels", dependencies: ["ModelFormats"], path: "Tests/FixtureModels"),
        .testTarget(
            name: "GemmaInferenceTests",
            dependencies: ["GemmaInference", "ModelFormats", "CGemmaKernels", "FixtureModels"]),
        .testTarget(name: "ChatTemplatesTests", dependencies: ["ChatTemplates", "ModelFormats"]),
        .testTarget(
            name: "SmokeTestingTests",
            dependencies: [
                "SmokeTesting", "RegistryCore", "GemmaInference", "ModelFormats", "CGemmaKernels", "FixtureModels",
            ]),
        .testTarget(
            name: "FaultInjectionTests",
            dependencies: ["FaultInjection", "SmokeTesting", "RegistryCore", "ModelFormats", "FixtureModels"]),
        // A child that misbehaves, and where it finds less to be sealed with than on this machine.
        .executableTarget(name: "HostileChild", dependencies: ["CSandbox"], path: "Tests/HostileChild"),
        .executableTarget(name: "PoorerKernel", path: "Tests/PoorerKernel"),
        .testTarget(
            name: "SealedProcessTests",
            dependencies: ["SealedProcess", "RegistryCore", "HostileChild", "PoorerKernel"]),
        .testTarget(name: "RegistryStorageTests", dependencies: ["RegistryCore", "RegistryStorage"]),
        .testTarget(name: "RegistryCatalogTests", dependencies: ["RegistryCore", "RegistryCatalog"]),
        .testTarget(name: "RegistryPolicyTests", dependencies: ["RegistryCore", "RegistryPolicy"]),
        .testTarget(name: "RegistryUpstreamTests", dependencies: ["RegistryCore", "RegistryUpstream", "SampleHub"]),
        .testTarget(
            name: "HostileUpstreamTests",
            dependencies: [
                "RegistryCore", "RegistryUpstream", "RegistryStorage", "RegistryOperations", "HostileHub", "SampleHub",
            ]),
        .testTarget(
            name: "SampleHubTests",
            dependencies: ["RegistryCore", "SampleHub", "RegistryUpstream"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "RegistryCore", "RegistryCatalog", "RegistryOperations", "RegistryServer", "RegistryStorage",
                "RegistryUpstream", "SampleHub", "SealedProcess", "SmokeTesting",
                .product(name: "Logging", package: "swift-log"),
            ]),
        // What is killed at every call that writes: see Tests/CrashTests.
        .target(
            name: "CrashWorkloads",
            dependencies: [
                "RegistryCore", "RegistryCatalog", "RegistryPolicy", "RegistryStorage", "RegistryOperations",
                "RegistryUpstream", "SampleHub", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Tests/CrashWorkloads"),
        .executableTarget(name: "CrashChild", dependencies: ["CrashWorkloads"], path: "Tests/CrashChild"),
        .testTarget(
            name: "CrashTests", dependencies: ["CrashWorkloads", "CrashChild", "RegistryCore"]),
        .testTarget(
            name: "RegistryServerTests",
            dependencies: [
                "RegistryCore", "RegistryCatalog", "RegistryPolicy", "RegistryStorage", "RegistryOperations",
                "RegistryServer",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

let cTargets: Set = ["CGemmaKernels", "CSandbox", "HostileChild", "PoorerKernel"]
for target in package.targets where target.type != .system && !cTargets.contains(target.name) {
    target.swiftSettings = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]
    // Tests join everything; the walls are for what they test.
    guard target.type != .test, target.path?.hasPrefix("Tests/") != true else { continue }
    target.swiftSettings? += [
        .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}
