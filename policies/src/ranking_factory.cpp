#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/ranking_factory.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as a ChunkRanker; what the plug-in reports as failed is a PolicyFault.
/// Without an operation it is the default.
class PluginChunkOrder final : public ChunkRanker {
  public:
    using Operations = ::xfsbus_chunk_order_operations;

    PluginChunkOrder(Operations operations, PolicyObject object)
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
    Operations operations_;
    PolicyObject object_;
    Rarest default_;
};

/// The same for a kind that ranks what a request is about.
template <class Interface, class Default, class Table, class Request, class View>
class PluginRanking final : public Interface {
  public:
    using Operations = Table;

    PluginRanking(Operations operations, PolicyObject object)
        : operations_(operations), object_(std::move(object)) {}

    void rank(Request const& request, std::span<View const> views,
              std::span<double> ranks) override {
        if (operations_.rank == nullptr) {
            return default_.rank(request, views, ranks);
        }
        ReasonBuffer reason;
        auto const answer = operations_.rank(object_.get(), &request, views.data(), views.size(),
                                             ranks.data(), reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            throw_failure(answer, reason);
        }
    }

  private:
    Operations operations_;
    PolicyObject object_;
    Default default_;
};

/// What stands within a guard.
template <class Guarded>
struct Unguarded;

template <>
struct Unguarded<GuardedChunkOrder> {
    using Policy = PluginChunkOrder;
};

template <>
struct Unguarded<GuardedHandout> {
    using Policy =
        PluginRanking<Handout, Mixed, ::xfsbus_handout_operations, HandoutRequest, HandoutSource>;
};

template <>
struct Unguarded<GuardedUploadChoice> {
    using Policy = PluginRanking<UploadChoice, Fair, ::xfsbus_upload_choice_operations,
                                 UploadRequest, UploadSinkView>;
};

template <class Guarded>
typename Guarded::Make maker_of(std::shared_ptr<PluginLibrary const> plugin) {
    using Policy = typename Unguarded<Guarded>::Policy;
    return [plugin = std::move(plugin)] {
        auto const operations = plugin->operations<typename Policy::Operations>();
        return std::make_unique<Policy>(operations, plugin->create());
    };
}

}  // namespace

template <class Guarded>
RankingFactory<Guarded>::RankingFactory(std::shared_ptr<PluginLibrary const> plugin)
    : info_(plugin->info()), make_(maker_of<Guarded>(plugin)), plugin_(std::move(plugin)) {
    try_out(plugin_);
}

template <class Guarded>
std::shared_ptr<RankingFactory<Guarded> const> RankingFactory<Guarded>::for_host(
    std::shared_ptr<PolicyHost> host) const {
    auto other = std::make_shared<RankingFactory>(*this);
    if (plugin_) {
        other->plugin_ = plugin_->for_host(std::move(host));
        other->make_ = maker_of<Guarded>(other->plugin_);
    }
    return other;
}

template <class Guarded>
std::unique_ptr<Guarded> RankingFactory<Guarded>::make(GuardOptions options) const {
    options.file = info_.path.filename();
    return std::make_unique<Guarded>(info_.name, make_, std::move(options));
}

template class RankingFactory<GuardedChunkOrder>;
template class RankingFactory<GuardedHandout>;
template class RankingFactory<GuardedUploadChoice>;

std::shared_ptr<ChunkOrderFactory const> load_chunk_order(PluginSpec const& spec,
                                                          PluginPath const& path,
                                                          std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<ChunkOrderFactory const>(
        load_library(spec, path, XFSBUS_KIND_CHUNK_ORDER, host));
}

std::shared_ptr<HandoutFactory const> load_handout(PluginSpec const& spec, PluginPath const& path,
                                                   std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<HandoutFactory const>(
        load_library(spec, path, XFSBUS_KIND_HANDOUT, host));
}

std::shared_ptr<UploadChoiceFactory const> load_upload_choice(
    PluginSpec const& spec, PluginPath const& path, std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<UploadChoiceFactory const>(
        load_library(spec, path, XFSBUS_KIND_UPLOAD_CHOICE, host));
}

}  // namespace xfsbus::policies
