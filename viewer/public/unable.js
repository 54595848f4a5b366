// Browsers load the page's modules from no file, and old ones not at all; this they do run.
(function () {
  var message = document.getElementById("message");
  if (location.protocol === "file:") {
    message.textContent =
      "ファイルとしては開けません。`twin-pipeline view フォルダ` で開くか、Web サーバーに置いてください。 / " +
      "This page can't be opened as a file: call `twin-pipeline view FOLDER`, or put it on a web server.";
  } else if (!("noModule" in document.createElement("script"))) {
    message.textContent =
      "このブラウザは古すぎます。新しい Chrome・Edge・Firefox・Safari で開いてください。 / " +
      "This browser is too old: use a current Chrome, Edge, Firefox or Safari.";
  } else return;
  document.body.setAttribute("data-state", "error");
})();
