#pragma once

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>

namespace xfsbus::test {

inline std::shared_ptr<policies::HashAlgorithm const> sha256() {
    static auto const algorithm = policies::load_integrity(
        policies::parse_plugin_spec("sha256"), policies::PluginPath({XFS_TEST_PLUGINS}));
    return algorithm;
}

/// A file's bytes, and what is known of them.
struct Sample {
    std::string bytes;
    std::shared_ptr<wire::Manifest const> manifest;
    wire::ContentId content;

    [[nodiscard]] std::span<std::byte const> chunk(std::uint32_t index) const {
        return std::as_bytes(std::span(bytes))
            .subspan(manifest->layout().offset(index), manifest->layout().length(index));
    }
};

inline constexpr std::size_t chunk_bytes = 128 * 1024;

inline Sample with_bytes(std::string bytes) {
    Sample sample;
    sample.bytes = std::move(bytes);
    auto const size = sample.bytes.size();
    wire::Manifest manifest{"sha256", size, wire::chunk_size_for(size), 32, {}};
    auto const all = std::as_bytes(std::span(sample.bytes));
    for (std::uint32_t chunk = 0; chunk < manifest.layout().chunks; ++chunk) {
        auto const digest = policies::digest(
            *sha256(),
            all.subspan(manifest.layout().offset(chunk), manifest.layout().length(chunk)));
        manifest.digests.append(reinterpret_cast<char const*>(digest.data()), digest.size());
    }
    auto const canonical = wire::encode_manifest(manifest);
    auto const digest = policies::digest(*sha256(), std::as_bytes(std::span(canonical)));
    sample.content =
        wire::ContentId::from({reinterpret_cast<char const*>(digest.data()), digest.size()})
            .value();
    sample.manifest = std::make_shared<wire::Manifest const>(std::move(manifest));
    return sample;
}

inline Sample sample(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) {
        byte = static_cast<char>(random());
    }
    return with_bytes(std::move(bytes));
}

}  // namespace xfsbus::test
