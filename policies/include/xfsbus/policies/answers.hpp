#pragma once

#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/replacing.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// What a host makes of a policy's answers. Plug-ins need none of it.
namespace xfsbus::policies {

/// Whether an answer is one that this question may have.
inline bool fits(Answer const& answer, RequestView const& request,
                 std::span<SourceView const> sources) {
    auto const is = [&](std::uint32_t source, std::uint32_t flags) {
        return source < sources.size() && (sources[source].flags & flags) == flags;
    };
    bool const of_bytes =
        request.purpose == XFSBUS_PURPOSE_WINDOW || request.purpose == XFSBUS_PURPOSE_TOTAL;
    bool const of_chunk = request.purpose == XFSBUS_PURPOSE_REQUEST;
    switch (answer.action) {
        case XFSBUS_ANSWER_DEFAULT:
            return true;
        case XFSBUS_ANSWER_NONE:
            return !of_bytes;
        case XFSBUS_ANSWER_LIMIT:
            return of_bytes;
        case XFSBUS_ANSWER_WAIT_FOR:
            return of_chunk && is(answer.source, XFSBUS_SOURCE_ANSWERABLE);
        case XFSBUS_ANSWER_CHOOSE:
            break;
        default:
            return false;
    }
    if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
        return is(answer.source, XFSBUS_SOURCE_ANSWERABLE) &&
               !is(answer.source, XFSBUS_SOURCE_IN_USE) &&
               is(answer.gives_way, XFSBUS_SOURCE_ANSWERABLE | XFSBUS_SOURCE_IN_USE) &&
               (!is(answer.gives_way, XFSBUS_SOURCE_SOLE_HOLDER) ||
                sources[answer.source].completeness >= 1);
    }
    auto const room = of_chunk ? XFSBUS_SOURCE_HAS_ROOM : 0U;
    return !of_bytes && is(answer.source, XFSBUS_SOURCE_ANSWERABLE | room);
}

/// What is answered where a policy does not decide: pick among those that may be answered now, and
/// the host's rule for who gives way. `scratch`: for what pick is shown.
inline Answer default_answer(PeerSelector& selector, RequestView const& request,
                             std::span<SourceView const> sources, Rng& rng,
                             std::vector<SourceView>& scratch) {
    if (request.purpose == XFSBUS_PURPOSE_REPLACE) {
        return Replacing(request, sources).answer();
    }
    if (request.purpose == XFSBUS_PURPOSE_WINDOW || request.purpose == XFSBUS_PURPOSE_TOTAL) {
        return {};
    }
    auto const could_be = [&](SourceView const& source) {
        bool const room =
            request.purpose != XFSBUS_PURPOSE_REQUEST || has(source, XFSBUS_SOURCE_HAS_ROOM);
        return has(source, XFSBUS_SOURCE_ANSWERABLE) && room;
    };
    scratch.clear();
    for (auto const& source : sources) {
        if (could_be(source)) {
            scratch.push_back(source);
        }
    }
    if (scratch.empty()) {
        return nobody();
    }
    auto const picked = selector.pick(request, scratch, rng);
    if (!picked || *picked >= scratch.size()) {
        return nobody();
    }
    std::size_t before = *picked;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (could_be(sources[i]) && before-- == 0) {
            return choose(i);
        }
    }
    return nobody();
}

/// The policy's answer, by decide or by pick. An answer that does not fit is nobody.
inline Answer answer_of(PeerSelector& selector, RequestView const& request,
                        std::span<SourceView const> sources, Rng& rng,
                        std::vector<SourceView>& scratch) {
    if ((selector.decides() & (1U << request.purpose)) != 0) {
        auto const answer = selector.decide(request, sources, rng);
        if (answer.action != XFSBUS_ANSWER_DEFAULT) {
            return fits(answer, request, sources) ? answer : nobody();
        }
    }
    return default_answer(selector, request, sources, rng, scratch);
}

}  // namespace xfsbus::policies
