// A plug-in as somebody would write it without export.hpp, each time with another mistake.
#include <xfsbus/policies/abi.h>

#include <stdexcept>

#include <unistd.h>

#ifndef MAGIC
#define MAGIC XFSBUS_POLICY_MAGIC
#endif
#ifndef ABI
#define ABI XFSBUS_POLICY_ABI
#endif
#ifndef DESCRIPTOR_SIZE
#define DESCRIPTOR_SIZE sizeof(xfsbus_descriptor)
#endif
#ifndef KIND
#define KIND XFSBUS_KIND_PEER_SELECTION
#endif
#ifndef NAME
#define NAME "broken"
#endif
#ifndef PARAMETERS
#define PARAMETERS nullptr
#endif
#ifndef PARAMETER_COUNT
#define PARAMETER_COUNT 0
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif
#ifndef OPERATIONS_SIZE
#define OPERATIONS_SIZE sizeof(xfsbus_peer_selector_operations)
#endif
#ifndef PURPOSES
#define PURPOSES XFSBUS_PURPOSES
#endif

namespace {

int object = 0;

[[maybe_unused]] xfsbus_parameter_info const a_parameter{
    .name = "name", .default_value = "value", .description = "description"};

[[maybe_unused]] xfsbus_parameter_info const a_nameless_parameter{
    .name = "", .default_value = "value", .description = "description"};

[[maybe_unused]] xfsbus_parameter_info const an_odd_parameter{
    .name = "a\x1b[31m=", .default_value = "value", .description = "description"};

[[maybe_unused]] xfsbus_parameter_info const a_short_parameter{
    .size = 24, .name = "name", .default_value = "value", .description = "description"};

[[maybe_unused]] xfsbus_parameter_info const one_parameter_twice[] = {a_parameter, a_parameter};

[[maybe_unused]] void* create(xfsbus_services const*, xfsbus_parameter const*, size_t, char*,
                              size_t) {
    return &object;
}

[[maybe_unused]] void* create_throws(xfsbus_services const*, xfsbus_parameter const*, size_t, char*,
                                     size_t) {
    throw std::runtime_error("thrown\nin create");
}

[[maybe_unused]] void* create_never_returns(xfsbus_services const*, xfsbus_parameter const*, size_t,
                                            char*, size_t) {
    while (true) {
        ::pause();
    }
}

[[maybe_unused]] void destroy(void*) {}

[[maybe_unused]] void destroy_throws(void*) {
    throw std::runtime_error("thrown in destroy");
}

int64_t pick(void*, xfsbus_request const*, xfsbus_source const*, size_t, xfsbus_random*, char*,
             size_t) {
    return 0;
}

int cost(void*, xfsbus_source const*, double*, char*, size_t) {
    return XFSBUS_POLICY_NONE;
}

int observe(void*, xfsbus_source const*, xfsbus_outcome const*, char*, size_t) {
    return XFSBUS_POLICY_OK;
}

xfsbus_peer_selector_operations const operations{OPERATIONS_SIZE, PURPOSES, pick, cost, observe};

}  // namespace

extern "C" __attribute__((visibility("default"))) xfsbus_descriptor const xfsbus_policy_descriptor;

xfsbus_descriptor const xfsbus_policy_descriptor{.size = DESCRIPTOR_SIZE,
                                                 .magic = MAGIC,
                                                 .abi_version = ABI,
                                                 .parameter_count = PARAMETER_COUNT,
                                                 .kind = KIND,
                                                 .name = NAME,
                                                 .version = "1.0",
                                                 .description = "broken",
                                                 .parameters = PARAMETERS,
                                                 .operations = &operations,
                                                 .create = CREATE,
                                                 .destroy = DESTROY};
