#include "catch.hpp"
#include "control_fixture.hpp"
#include "loop.hpp"
#include "tcp.hpp"
#include "zmtp.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/data.hpp>
#include <xfsbus/bus/security.hpp>

using namespace xfsbus;
using namespace xfsbus::bus;

TEST_CASE("whoever binds without security offers ZMTP's NULL mechanism") {
    Loop loop;
    Server const server(loop);
    auto const sink = ChunkReceiver::bind(
        loop.reactor(), anywhere, Security::none(),
        [](wire::ChunkHeader const&, Payload const&) { return true; }, [] {});
    REQUIRE(sink.ok());
    CHECK(ZmtpStranger(server.socket->endpoint(), "DEALER").mechanism() == "NULL");
    CHECK(ZmtpStranger((*sink)->endpoint(), "PUSH").mechanism() == "NULL");
}

TEST_CASE("whoever connects without security offers ZMTP's NULL mechanism") {
    Loop loop;
    TcpServer const router;
    TcpServer const pull;
    Client const client(loop, router.endpoint());
    auto const source =
        ChunkSender::connect(loop.reactor(), pull.endpoint(), Security::none(), [] {});
    REQUIRE(source.ok());
    CHECK(ZmtpStranger(router.accept(), "ROUTER").mechanism() == "NULL");
    CHECK(ZmtpStranger(pull.accept(), "PULL").mechanism() == "NULL");
}
