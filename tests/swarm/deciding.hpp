#pragma once

#include "fetch.hpp"

#include <functional>
#include <string>
#include <vector>

namespace xfsbus::swarm::test {

/// A policy that answers as the test says, and keeps what it was asked. It picks the first.
class Deciding final : public policies::PeerSelector {
  public:
    using Sources = std::vector<policies::SourceView>;
    using Decide = std::function<policies::Answer(policies::RequestView const&, Sources const&)>;

    struct Asked {
        policies::RequestView request;
        Sources sources;
    };

    Deciding(std::initializer_list<std::uint32_t> purposes, Decide decide)
        : purposes_(policies::questions(purposes)), decide_(std::move(decide)) {}

    std::vector<Asked> asked;

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const>,
                                    policies::Rng&) override {
        return 0;
    }

    [[nodiscard]] std::uint32_t decides() const override { return purposes_; }

    policies::Answer decide(policies::RequestView const& request,
                            std::span<policies::SourceView const> sources,
                            policies::Rng&) override {
        asked.push_back({request, {sources.begin(), sources.end()}});
        return decide_(request, asked.back().sources);
    }

  private:
    std::uint32_t purposes_;
    Decide decide_;
};

/// Where the source with this number stands.
inline std::size_t at(Deciding::Sources const& sources, std::uint64_t number) {
    auto const found = std::ranges::find(sources, number, &policies::SourceView::source_id);
    REQUIRE(found != sources.end());
    return static_cast<std::size_t>(found - sources.begin());
}

}  // namespace xfsbus::swarm::test
