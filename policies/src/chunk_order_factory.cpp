#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/chunk_order_factory.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as a ChunkRanker; what the plug-in reports as failed is a PolicyFault.
/// Without an operation it is the default.
class PluginChunkOrder final : public ChunkRanker {
  public:
    PluginChunkOrder(::xfsbus_chunk_order_operations operations, PolicyObject object)
        : operations_(operations), object_(std::move(object)) {}

    void rank(std::span<ChunkView const> chunks, std::span<double> ranks, Rng& rng) override {
        if (operations_.rank == nullptr) {
            return rank_each(default_, chunks, ranks, rng);
        }
        auto random = random_of(rng);
        ReasonBuffer reason;
        auto const answer = operations_.rank(object_.get(), chunks.data(), chunks.size(),
                                             ranks.data(), &random, reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            throw_failure(answer, reason);
        }
    }

  private:
    ::xfsbus_chunk_order_operations operations_;
    PolicyObject object_;
    Rarest default_;
};

}  // namespace

ChunkOrderFactory::ChunkOrderFactory(std::shared_ptr<PluginLibrary const> plugin)
    : plugin_(std::move(plugin)) {
    try_out(plugin_);
}

PluginInfo const& ChunkOrderFactory::info() const {
    return plugin_->info();
}

std::unique_ptr<GuardedChunkOrder> ChunkOrderFactory::make(GuardOptions options) const {
    options.file = info().path.filename();
    return std::make_unique<GuardedChunkOrder>(
        info().name,
        [this] {
            auto const operations = plugin_->operations<::xfsbus_chunk_order_operations>();
            return std::make_unique<PluginChunkOrder>(operations, plugin_->create());
        },
        std::move(options));
}

std::shared_ptr<ChunkOrderFactory const> load_chunk_order(PluginSpec const& spec,
                                                          PluginPath const& path,
                                                          std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<ChunkOrderFactory const>(
        load_library(spec, path, XFSBUS_KIND_CHUNK_ORDER, host));
}

}  // namespace xfsbus::policies
