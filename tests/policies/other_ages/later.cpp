// As a later header may have it: every struct that a plug-in makes is larger, and its table answers
// questions that nobody asks yet.
#include <xfsbus/policies/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

struct LaterParameter {
    xfsbus_parameter_info known;
    char const* unit;
};

struct LaterTable {
    xfsbus_peer_selector_operations known;
    int (*later)(void* self);
};

struct LaterDescriptor {
    xfsbus_descriptor known;
    char const* home;
    std::uint64_t features;
};

std::int64_t answer = 0;

/// The last parameter is the answer to all questions.
void* create(xfsbus_services const*, xfsbus_parameter const* parameters, std::size_t count, char*,
             std::size_t) {
    answer = std::strtoll(parameters[count - 1].value, nullptr, 10);
    return &answer;
}

void destroy(void*) {}

std::int64_t pick(void* self, xfsbus_request const*, xfsbus_source const*, std::size_t,
                  xfsbus_random*, char*, std::size_t) {
    return *static_cast<std::int64_t*>(self);
}

int never(void*) {
    std::abort();
}

LaterParameter const parameters[] = {{{.size = sizeof(LaterParameter),
                                       .name = "first",
                                       .default_value = "1",
                                       .description = "not used"},
                                      "apples"},
                                     {{.size = sizeof(LaterParameter),
                                       .name = "second",
                                       .default_value = "2",
                                       .description = "what it answers"},
                                      "pears"}};

LaterTable const table{
    {.size = sizeof(LaterTable), .purposes = 99, .pick = pick, .cost = nullptr, .observe = nullptr},
    never};

}  // namespace

extern "C" __attribute__((visibility("default"))) LaterDescriptor const xfsbus_policy_descriptor;

LaterDescriptor const xfsbus_policy_descriptor{{.size = sizeof(LaterDescriptor),
                                                .magic = XFSBUS_POLICY_MAGIC,
                                                .abi_version = XFSBUS_POLICY_ABI,
                                                .parameter_count = 2,
                                                .kind = XFSBUS_KIND_PEER_SELECTION,
                                                .name = "later",
                                                .version = "9.0",
                                                .description = "knows more",
                                                .parameters = &parameters[0].known,
                                                .operations = &table,
                                                .create = create,
                                                .destroy = destroy},
                                               "nowhere",
                                               ~0ULL};
