#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

#include <stdexcept>
#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as an Integrity; keeps the plug-in for its name.
class PluginIntegrity final : public Integrity {
  public:
    PluginIntegrity(std::shared_ptr<PluginLibrary const> plugin, std::size_t digest_size)
        : plugin_(std::move(plugin)),
          operations_(plugin_->operations<::xfsbus_integrity_operations>()),
          object_(plugin_->create()),
          digest_size_(digest_size) {}

    [[nodiscard]] std::size_t digest_size() const override { return digest_size_; }

    void update(std::span<std::byte const> data) override {
        run("update", [&](ReasonBuffer& reason) {
            return operations_.update(object_.get(), data.data(), data.size(), reason.data(),
                                      reason.size());
        });
    }

    void finish(std::span<std::byte> digest) override {
        if (digest.size() != digest_size_) {
            throw std::invalid_argument("the room for the digest does not fit the algorithm");
        }
        run("finish", [&](ReasonBuffer& reason) {
            return operations_.finish(object_.get(), digest.data(), reason.data(), reason.size());
        });
    }

  private:
    template <class Operation>
    void run(std::string const& name, Operation const& operation) const {
        ReasonBuffer reason;
        try {
            if (call_plugin([&] { return operation(reason); }) != XFSBUS_POLICY_OK) {
                throw PolicyFault(reason.text());
            }
        } catch (PolicyFault const& fault) {
            throw PolicyFault("integrity '" + plugin_->info().name + "': " + name + ": " +
                              fault.what());
        }
    }

    std::shared_ptr<PluginLibrary const> plugin_;
    ::xfsbus_integrity_operations operations_;
    PolicyObject object_;
    std::size_t digest_size_;
};

}  // namespace

HashAlgorithm::HashAlgorithm(std::shared_ptr<PluginLibrary const> plugin)
    : info_(plugin->info()),
      digest_size_(
          try_out(plugin, [operations = plugin->operations<::xfsbus_integrity_operations>()](
                              void* object) { return operations.digest_size(object); })),
      make_([plugin, size = digest_size_] {
          return std::make_unique<PluginIntegrity>(plugin, size);
      }) {
    check_digest_size();
}

HashAlgorithm::HashAlgorithm(PluginInfo about, Make make)
    : info_(std::move(about)), digest_size_(make()->digest_size()), make_(std::move(make)) {
    check_digest_size();
}

void HashAlgorithm::check_digest_size() const {
    if (digest_size_ < min_digest_size || digest_size_ > max_digest_size) {
        throw PluginRefused(info_.path.empty() ? info_.name : info_.path.string(),
                            "its digests have " + std::to_string(digest_size_) + " bytes, " +
                                std::to_string(min_digest_size) + " to " +
                                std::to_string(max_digest_size) + " are possible",
                            "report it to the plug-in's author");
    }
}

std::shared_ptr<HashAlgorithm const> load_integrity(PluginSpec const& spec, PluginPath const& path,
                                                    std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<HashAlgorithm const>(
        load_library(spec, path, XFSBUS_KIND_INTEGRITY, host));
}

std::shared_ptr<HashAlgorithm const> load_integrity_by_name(
    std::string const& name, PluginPath const& path, std::shared_ptr<PolicyHost> const& host) {
    auto algorithm = std::make_shared<HashAlgorithm const>(
        load_library(path.find_for_stranger(name), XFSBUS_KIND_INTEGRITY, {}, host));
    if (algorithm->name() != name) {
        throw PluginRefused(algorithm->info().path.string(),
                            "it calls itself '" + algorithm->name() + "', not '" + name + "'",
                            "name the file after the algorithm");
    }
    return algorithm;
}

std::vector<std::byte> digest(HashAlgorithm const& algorithm, std::span<std::byte const> message) {
    auto const hash = algorithm.make();
    std::vector<std::byte> result(algorithm.digest_size());
    hash->update(message);
    hash->finish(result);
    return result;
}

}  // namespace xfsbus::policies
