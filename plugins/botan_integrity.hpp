#pragma once

#include <xfsbus/policies/integrity.hpp>

#include <botan/hash.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace xfsbus::plugins {

/// A hash function of Botan's as an Integrity, for a name from Botan's factory; Botan 2 and 3.
/// Throws what Botan throws if this build of it lacks the algorithm.
class BotanIntegrity : public policies::Integrity {
  public:
    [[nodiscard]] std::size_t digest_size() const override { return hash_->output_length(); }

    void update(std::span<std::byte const> data) override {
        hash_->update(reinterpret_cast<std::uint8_t const*>(data.data()), data.size());
    }

    void finish(std::span<std::byte> digest) override {
        hash_->final(reinterpret_cast<std::uint8_t*>(digest.data()));
    }

  protected:
    explicit BotanIntegrity(std::string const& algorithm)
        : hash_(Botan::HashFunction::create_or_throw(algorithm)) {}

  private:
    std::unique_ptr<Botan::HashFunction> hash_;
};

}  // namespace xfsbus::plugins
