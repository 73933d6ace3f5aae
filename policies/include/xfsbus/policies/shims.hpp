#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/integrity.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/sized.hpp>
#include <xfsbus/policies/upload_choice.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

/// The functions in C through which a host calls a class. Part of export.hpp.
namespace xfsbus::policies::detail {

inline void write_reason(char* error, std::size_t size, std::string_view reason) noexcept {
    if (size > 0) {
        error[reason.copy(error, size - 1)] = '\0';
    }
}

/// Runs a call on behalf of C: what it throws becomes the failure value and a reason.
template <class Result, class Call>
Result shielded(Result failure, char* error, std::size_t size, Call call) noexcept {
    try {
        return call();
    } catch (std::exception const& e) {
        write_reason(error, size, e.what());
    } catch (...) {
        write_reason(error, size, "unknown exception");
    }
    return failure;
}

template <class Class>
struct PeerSelectorShims {
    static_assert(std::is_base_of_v<PeerSelector, Class>);

    static std::int64_t pick(void* self, ::xfsbus_request const* request,
                             ::xfsbus_source const* sources, std::size_t count,
                             ::xfsbus_random* random, char* error, std::size_t size) noexcept {
        return shielded(std::int64_t{XFSBUS_POLICY_FAILED}, error, size, [&]() -> std::int64_t {
            Rng rng(*random);
            std::vector<SourceView> scratch;
            auto const index = static_cast<Class*>(self)->pick(
                sized_copy(*request), sized_span(sources, count, scratch), rng);
            return index ? static_cast<std::int64_t>(*index) : XFSBUS_POLICY_NONE;
        });
    }

    static int cost(void* self, ::xfsbus_source const* source, double* cost, char* error,
                    std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            auto const value = static_cast<Class*>(self)->cost(sized_copy(*source));
            *cost = value.value_or(0.0);
            return value ? XFSBUS_POLICY_OK : XFSBUS_POLICY_NONE;
        });
    }

    static int observe(void* self, ::xfsbus_source const* source, ::xfsbus_outcome const* outcome,
                       char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            static_cast<Class*>(self)->observe(sized_copy(*source), sized_copy(*outcome));
            return XFSBUS_POLICY_OK;
        });
    }

    /// Nothing, if the class throws.
    static std::uint32_t decides(void* self) noexcept {
        return shielded(std::uint32_t{0}, nullptr, 0,
                        [&] { return static_cast<Class*>(self)->decides(); });
    }

    static int decide(void* self, ::xfsbus_request const* request, ::xfsbus_source const* sources,
                      std::size_t count, ::xfsbus_answer* answer, ::xfsbus_random* random,
                      char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            Rng rng(*random);
            std::vector<SourceView> scratch;
            auto const decided = static_cast<Class*>(self)->decide(
                sized_copy(*request), sized_span(sources, count, scratch), rng);
            auto const bytes = std::min<std::size_t>(answer->size, sizeof decided);
            auto const size_there = answer->size;
            std::memcpy(static_cast<void*>(answer), &decided, bytes);
            answer->size = size_there;
            return XFSBUS_POLICY_OK;
        });
    }

    static constexpr ::xfsbus_peer_selector_operations operations() {
        return {sizeof(::xfsbus_peer_selector_operations),
                XFSBUS_PURPOSES,
                &pick,
                &cost,
                &observe,
                &decides,
                &decide};
    }
};

template <class Class>
struct ChunkOrderShims {
    static_assert(std::is_base_of_v<ChunkOrder, Class>);

    static int rank(void* self, ::xfsbus_chunk const* chunks, std::size_t count, double* ranks,
                    ::xfsbus_random* random, char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            Rng rng(*random);
            std::vector<ChunkView> scratch;
            rank_each(*static_cast<Class*>(self), sized_span(chunks, count, scratch),
                      {ranks, count}, rng);
            return XFSBUS_POLICY_OK;
        });
    }

    static constexpr ::xfsbus_chunk_order_operations operations() {
        return {sizeof(::xfsbus_chunk_order_operations), &rank};
    }
};

template <class Class>
struct IntegrityShims {
    static_assert(std::is_base_of_v<Integrity, Class>);

    /// 0, which the host refuses, if the class throws.
    static std::uint32_t digest_size(void* self) noexcept {
        return shielded(std::uint32_t{0}, nullptr, 0, [&] {
            return static_cast<std::uint32_t>(static_cast<Class*>(self)->digest_size());
        });
    }

    static int update(void* self, void const* data, std::size_t data_size, char* error,
                      std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            static_cast<Class*>(self)->update({static_cast<std::byte const*>(data), data_size});
            return XFSBUS_POLICY_OK;
        });
    }

    static int finish(void* self, void* digest, char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            auto& object = *static_cast<Class*>(self);
            object.finish({static_cast<std::byte*>(digest), object.digest_size()});
            return XFSBUS_POLICY_OK;
        });
    }

    static constexpr ::xfsbus_integrity_operations operations() {
        return {sizeof(::xfsbus_integrity_operations), &digest_size, &update, &finish};
    }
};

template <class Class>
struct HandoutShims {
    static_assert(std::is_base_of_v<Handout, Class>);

    static int rank(void* self, ::xfsbus_handout_request const* request,
                    ::xfsbus_handout_source const* sources, std::size_t count, double* ranks,
                    char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            std::vector<HandoutSource> scratch;
            static_cast<Class*>(self)->rank(sized_copy(*request),
                                            sized_span(sources, count, scratch), {ranks, count});
            return XFSBUS_POLICY_OK;
        });
    }

    static constexpr ::xfsbus_handout_operations operations() {
        return {sizeof(::xfsbus_handout_operations), &rank};
    }
};

template <class Class>
struct UploadChoiceShims {
    static_assert(std::is_base_of_v<UploadChoice, Class>);

    static int rank(void* self, ::xfsbus_upload_request const* request,
                    ::xfsbus_upload_sink const* sinks, std::size_t count, double* ranks,
                    char* error, std::size_t size) noexcept {
        return shielded(XFSBUS_POLICY_FAILED, error, size, [&] {
            std::vector<UploadSinkView> scratch;
            static_cast<Class*>(self)->rank(sized_copy(*request), sized_span(sinks, count, scratch),
                                            {ranks, count});
            return XFSBUS_POLICY_OK;
        });
    }

    static constexpr ::xfsbus_upload_choice_operations operations() {
        return {sizeof(::xfsbus_upload_choice_operations), &rank};
    }
};

}  // namespace xfsbus::policies::detail
