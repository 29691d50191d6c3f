{
  "targets": [
    {
      "target_name": "weft",
      "sources": [
        "native/src/base/clock.cc",
        "native/src/base/wakeup.cc",
        "native/src/net/datagram_batch.cc",
        "native/src/net/delay_line.cc",
        "native/src/net/echo_connection.cc",
        "native/src/net/fault.cc",
        "native/src/net/path_sockets.cc",
        "native/src/net/pending_table.cc",
        "native/src/net/prefix_set.cc",
        "native/src/net/probe_outcome.cc",
        "native/src/net/probe_packet.cc",
        "native/src/base/probe_schedule.cc",
        "native/src/base/prober.cc",
        "native/src/base/rate_limiter.cc",
        "native/src/net/sha256.cc",
        "native/src/base/socket_address.cc",
        "native/src/base/thread.cc",
        "native/src/net/source_ports.cc",
        "native/src/net/stamp_packet.cc",
        "native/src/net/stamp_reflection.cc",
        "native/src/net/tcp_exchange.cc",
        "native/src/net/tcp_listener.cc",
        "native/src/net/tcp_outcome.cc",
        "native/src/net/tcp_prober.cc",
        "native/src/net/tcp_reflector.cc",
        "native/src/net/tcp_socket.cc",
        "native/src/base/timer_wheel.cc",
        "native/src/net/timestamping.cc",
        "native/src/net/udp_prober.cc",
        "native/src/net/udp_reflector.cc",
        "native/src/net/udp_socket.cc",
        "native/src/napi/addon.cc",
        "native/src/napi/options.cc",
        "native/src/napi/rdma.cc"
      ],
      "variables": {
        # 1 where the compiler finds libibverbs' header; the library itself is opened at run time.
        "have_verbs%": "<!(printf '#if !__has_include(<infiniband/verbs.h>)\\n#error\\n#endif\\n' | ${CXX:-g++} -E -x c++ - > /dev/null 2>&1 && echo 1 || echo 0)"
      },
      "conditions": [
        ["have_verbs == 1", {
          "defines": ["WEFT_HAVE_VERBS"],
          "sources": [
            "native/src/rdma/address_handles.cc",
            "native/src/rdma/completion_clock.cc",
            "native/src/rdma/completion_queue.cc",
            "native/src/rdma/delay.cc",
            "native/src/rdma/devices.cc",
            "native/src/rdma/gid.cc",
            "native/src/rdma/gid_table.cc",
            "native/src/rdma/grh.cc",
            "native/src/rdma/payload.cc",
            "native/src/rdma/port_events.cc",
            "native/src/rdma/probe_table.cc",
            "native/src/rdma/queue_pair.cc",
            "native/src/rdma/session_keeper.cc",
            "native/src/rdma/ud_engine.cc",
            "native/src/rdma/ud_port.cc",
            "native/src/rdma/ud_prober.cc",
            "native/src/rdma/ud_reflector.cc",
            "native/src/rdma/ud_session.cc",
            "native/src/rdma/verbs.cc"
          ]
        }, {
          "sources": ["native/src/rdma/without_verbs.cc"]
        }]
      ],
      "include_dirs": ["native/src", "<!@(node -p \"require('node-addon-api').include\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags": ["-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"]
    }
  ]
}
