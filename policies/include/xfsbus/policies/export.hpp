#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/handout.hpp>
#include <xfsbus/policies/integrity.hpp>
#include <xfsbus/policies/names.hpp>
#include <xfsbus/policies/parameters.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/services.hpp>
#include <xfsbus/policies/sized.hpp>
#include <xfsbus/policies/upload_choice.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

/// Makes a plug-in of a class. Written once, in the plug-in's only source file, at namespace scope:
///
///     XFSBUS_EXPORT_PEER_SELECTOR(Nearest, "nearest", "1.0", "the lowest latency wins",
///                                 XFSBUS_PARAMETER("limit_ms", "500", "farther ones are not
///                                 asked"))
///
/// The class is constructible from Parameters const& and Services const& of xfsbus::policies, or
/// from Parameters const&, or from nothing.
/// Name [a-z0-9-]{1,32}, version, description, then the parameters it takes, if any.
/// Nothing that the class throws leaves the plug-in: the host is told the reason instead.
#define XFSBUS_EXPORT_PEER_SELECTOR(Class, ...) \
    XFSBUS_EXPORT_POLICY(Class, PeerSelectorShims, XFSBUS_KIND_PEER_SELECTION, __VA_ARGS__)

/// The same for a class that is a ChunkOrder.
#define XFSBUS_EXPORT_CHUNK_ORDER(Class, ...) \
    XFSBUS_EXPORT_POLICY(Class, ChunkOrderShims, XFSBUS_KIND_CHUNK_ORDER, __VA_ARGS__)

/// The same for a class that is an Integrity.
#define XFSBUS_EXPORT_INTEGRITY(Class, ...) \
    XFSBUS_EXPORT_POLICY(Class, IntegrityShims, XFSBUS_KIND_INTEGRITY, __VA_ARGS__)

/// The same for a class that is a Handout.
#define XFSBUS_EXPORT_HANDOUT(Class, ...) \
    XFSBUS_EXPORT_POLICY(Class, HandoutShims, XFSBUS_KIND_HANDOUT, __VA_ARGS__)

/// The same for a class that is an UploadChoice.
#define XFSBUS_EXPORT_UPLOAD_CHOICE(Class, ...) \
    XFSBUS_EXPORT_POLICY(Class, UploadChoiceShims, XFSBUS_KIND_UPLOAD_CHOICE, __VA_ARGS__)

/// A parameter's name, what it is when the user does not say, and what it means; three literals.
#define XFSBUS_PARAMETER(name, default_value, description)                \
    ::xfsbus_parameter_info {                                             \
        sizeof(::xfsbus_parameter_info), name, default_value, description \
    }

/// What the macros above have in common.
#define XFSBUS_EXPORT_POLICY(Class, Shims, kind, ...)                                              \
    namespace {                                                                                    \
    constexpr auto xfsbus_about = ::xfsbus::policies::detail::about(__VA_ARGS__);                  \
    static_assert(::xfsbus::policies::is_policy_name(xfsbus_about.name),                           \
                  "a policy's name is 1 to 32 of [a-z0-9-]");                                      \
    using XfsbusShims = ::xfsbus::policies::detail::Shims<Class>;                                  \
    constexpr auto xfsbus_operations = XfsbusShims::operations();                                  \
    }                                                                                              \
    extern "C"                                                                                     \
        __attribute__((visibility("default"))) ::xfsbus_descriptor const xfsbus_policy_descriptor; \
    constinit ::xfsbus_descriptor const xfsbus_policy_descriptor =                                 \
        ::xfsbus::policies::detail::descriptor<Class, xfsbus_about>(kind, &xfsbus_operations);

namespace xfsbus::policies::detail {

template <std::size_t Count>
struct About {
    char const* name;
    char const* version;
    char const* description;
    std::array<::xfsbus_parameter_info, Count> parameters;
};

template <class... Infos>
constexpr About<sizeof...(Infos)> about(char const* name, char const* version,
                                        char const* description, Infos... parameters) {
    return {name, version, description,
            std::array<::xfsbus_parameter_info, sizeof...(Infos)>{parameters...}};
}

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

template <class Class, auto const& about>
void* create(::xfsbus_services const* lent, ::xfsbus_parameter const* given, std::size_t count,
             char* error, std::size_t size) noexcept {
    return shielded(static_cast<void*>(nullptr), error, size, [&]() -> void* {
        std::vector<::xfsbus_parameter> scratch;
        Parameters const parameters(about.parameters, sized_span(given, count, scratch));
        Services const services(*lent);
        if constexpr (std::is_constructible_v<Class, Parameters const&, Services const&>) {
            return new Class(parameters, services);
        } else if constexpr (std::is_constructible_v<Class, Parameters const&>) {
            return new Class(parameters);
        } else {
            return new Class();
        }
    });
}

/// There is no way to tell why a destructor failed, and nothing that could be done about it.
template <class Class>
void destroy(void* self) noexcept {
    shielded(0, nullptr, 0, [&] {
        delete static_cast<Class*>(self);
        return 0;
    });
}

template <class Class, auto const& about>
constexpr ::xfsbus_descriptor descriptor(char const* kind, void const* operations) {
    return {sizeof(::xfsbus_descriptor),
            XFSBUS_POLICY_MAGIC,
            XFSBUS_POLICY_ABI,
            static_cast<std::uint32_t>(about.parameters.size()),
            kind,
            about.name,
            about.version,
            about.description,
            about.parameters.data(),
            operations,
            &create<Class, about>,
            &destroy<Class>};
}

}  // namespace xfsbus::policies::detail
