// Plug-ins that leave out what has a default. What lies beyond the size of a table must not be
// called.
#include <xfsbus/policies/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#ifndef KIND
#define KIND XFSBUS_KIND_PEER_SELECTION
#endif

namespace {

int object = 0;

void* create(xfsbus_services const*, xfsbus_parameter const*, std::size_t, char*, std::size_t) {
    return &object;
}

void destroy(void*) {}

/// The last one.
[[maybe_unused]] std::int64_t pick(void*, xfsbus_request const*, xfsbus_source const*,
                                   std::size_t count, xfsbus_random*, char*, std::size_t) {
    return static_cast<std::int64_t>(count) - 1;
}

[[maybe_unused]] int cost(void*, xfsbus_source const*, double*, char*, std::size_t) {
    std::abort();
}

[[maybe_unused]] int observe(void*, xfsbus_source const*, xfsbus_outcome const*, char*,
                             std::size_t) {
    std::abort();
}

/// Ends after pick.
[[maybe_unused]] xfsbus_peer_selector_operations const short_table{
    .size = 16, .purposes = XFSBUS_PURPOSES, .pick = pick, .cost = cost, .observe = observe};

[[maybe_unused]] xfsbus_peer_selector_operations const null_table{
    .purposes = 0, .pick = nullptr, .cost = nullptr, .observe = nullptr};

[[maybe_unused]] xfsbus_chunk_order_operations const null_chunk_order{.rank = nullptr};

[[maybe_unused]] xfsbus_handout_operations const null_handout{.rank = nullptr};

[[maybe_unused]] xfsbus_upload_choice_operations const null_upload_choice{.rank = nullptr};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfsbus_descriptor const xfsbus_policy_descriptor;

xfsbus_descriptor const xfsbus_policy_descriptor{.magic = XFSBUS_POLICY_MAGIC,
                                                 .abi_version = XFSBUS_POLICY_ABI,
                                                 .parameter_count = 0,
                                                 .kind = KIND,
                                                 .name = "sparse",
                                                 .version = "1.0",
                                                 .description = "does little",
                                                 .parameters = nullptr,
                                                 .operations = &TABLE,
                                                 .create = create,
                                                 .destroy = destroy};
