#pragma once

#include <xfsbus/policies/peer_selector.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace xfsbus::plugins {

/// An answer to REPLACE, before it is weighed: who would come in, and for whom. Indices.
struct Exchange {
    std::optional<std::size_t> in;
    std::optional<std::size_t> out;
};

/// The best of the candidates that are wanted and, of those in use that may give way, the worst.
/// is_better(a, b): a is preferred to b.
template <class IsWanted, class IsBetter>
Exchange best_for_worst(std::span<policies::SourceView const> sources, IsWanted is_wanted,
                        IsBetter is_better) {
    Exchange exchange;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        bool const may_be = policies::has(sources[i], XFSBUS_SOURCE_ANSWERABLE) &&
                            !policies::has(sources[i], XFSBUS_SOURCE_SOLE_HOLDER);
        if (!may_be) {
            continue;
        }
        auto& [in, out] = exchange;
        if (policies::has(sources[i], XFSBUS_SOURCE_IN_USE)) {
            out = !out || is_better(sources[*out], sources[i]) ? i : *out;
        } else if (is_wanted(sources[i])) {
            in = !in || is_better(sources[i], sources[*in]) ? i : *in;
        }
    }
    return exchange;
}

}  // namespace xfsbus::plugins
