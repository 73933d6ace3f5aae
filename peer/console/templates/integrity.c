/* FNV-1a in four lanes: it shows how a hash is plugged in, and protects from nobody who wants to
 * deceive. Put a library's in its place. */
#include <xfsbus/policies/abi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { lane_count = 4 };

static const uint64_t basis[lane_count] = {0xcbf29ce484222325, 0x84222325cbf29ce4,
                                           0x22325cbf29ce4842, 0x325cbf29ce484222};

struct hash {
    uint64_t lanes[lane_count];
};

static void* create(const xfsbus_services* services, const xfsbus_parameter* parameters,
                    size_t count, char* error, size_t error_size) {
    struct hash* hash = malloc(sizeof *hash);
    (void)services, (void)parameters, (void)count;
    if (hash == NULL) {
        snprintf(error, error_size, "no memory");
        return NULL;
    }
    memcpy(hash->lanes, basis, sizeof basis);
    return hash;
}

static uint32_t digest_size(void* self) {
    (void)self;
    return sizeof basis;
}

static int update(void* self, const void* data, size_t size, char* error, size_t error_size) {
    struct hash* hash = self;
    const unsigned char* bytes = data;
    (void)error, (void)error_size;
    for (size_t i = 0; i < size; ++i) {
        for (size_t lane = 0; lane < lane_count; ++lane) {
            hash->lanes[lane] = (hash->lanes[lane] ^ bytes[i]) * 0x100000001b3;
        }
    }
    return XFSBUS_POLICY_OK;
}

/* The object is then ready for the next message. */
static int finish(void* self, void* digest, char* error, size_t error_size) {
    struct hash* hash = self;
    (void)error, (void)error_size;
    memcpy(digest, hash->lanes, sizeof hash->lanes);
    memcpy(hash->lanes, basis, sizeof basis);
    return XFSBUS_POLICY_OK;
}

static const xfsbus_integrity_operations operations = {.size = sizeof operations,
                                                       .digest_size = digest_size,
                                                       .update = update,
                                                       .finish = finish};

const xfsbus_descriptor xfsbus_policy_descriptor = {
    .size = sizeof xfsbus_policy_descriptor,
    .magic = XFSBUS_POLICY_MAGIC,
    .abi_version = XFSBUS_POLICY_ABI,
    .kind = XFSBUS_KIND_INTEGRITY,
    .name = "@NAME@",
    .version = "0.1",
    .description = "FNV-1a; an example, not to be trusted",
    .operations = &operations,
    .create = create,
    .destroy = free,
};
