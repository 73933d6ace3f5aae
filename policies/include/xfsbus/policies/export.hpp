#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/names.hpp>
#include <xfsbus/policies/parameters.hpp>
#include <xfsbus/policies/services.hpp>
#include <xfsbus/policies/shims.hpp>
#include <xfsbus/policies/sized.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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
